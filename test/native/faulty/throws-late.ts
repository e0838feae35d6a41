import type { Host } from "../../../src/native/native.ts";

declare const host: Host;

// A script that throws when standard input is read and scanned already.
host.readInput({
  byteLimit: 1000,
  depthLimit: 100,
  secretLimit: 0,
  members: ["name"],
  words: [],
  endings: [],
});
host.text(0, 2 ** 31);
