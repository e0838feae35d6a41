/** Parses each line of a file with JSON.parse, and does nothing with it: the bound of `npm run bench -- --only read`. */
import { closeSync, openSync, readSync } from "node:fs";

const chunk = Buffer.alloc(1 << 20);
const fd = openSync(process.argv[2] ?? "", "r");
let rest = "";
for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
  const lines = (rest + chunk.toString("latin1", 0, read)).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) JSON.parse(line);
}
closeSync(fd);
