import { buildTap } from "./build/tap.ts";

await buildTap({
  program: "observe",
  entry: "src/observe/cnitap-observe.ts",
  out: "bin/cnitap-observe",
  flags: process.argv[2] ? ["-g"] : [],
});
