import type { Host } from "../../../src/native/host.ts";

declare const host: Host;

// A script that throws after standard input has been read and scanned.
host.readInput(["name"]);
host.text(0, 2 ** 31);
