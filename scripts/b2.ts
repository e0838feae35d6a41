import { buildTap } from "./build/tap.ts";
await buildTap({ program: "observe", entry: "src/observe/dbg.ts", out: "bin/dbg", flags: process.argv[2] ? ["-g"] : [] });
