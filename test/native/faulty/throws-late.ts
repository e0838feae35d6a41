import type { Host } from "../../../src/native/host.ts";

declare const host: Host;

// A script that throws when standard input is read and scanned already.
Object.assign(globalThis, {
  start() {
    host.readInput(["name"], true);
    host.text(0, 2 ** 31);
  },
});
