import { closeSync, openSync, writeSync } from "node:fs";
import { generateLog, type LogOptions, type Truth } from "./generate.ts";

const BUFFER_CHARACTERS = 1 << 20;

/** Writes a made log into a file. */
export function writeLog(path: string, options: LogOptions): Truth {
  const fd = openSync(path, "w", 0o600);
  let text = "";
  try {
    const truth = generateLog(options, (more) => {
      text += more;
      if (text.length < BUFFER_CHARACTERS) return;
      writeSync(fd, text);
      text = "";
    });
    writeSync(fd, text);
    return truth;
  } finally {
    closeSync(fd);
  }
}
