import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * vitest's globalSetup. All tests of a run work below one directory, their os.tmpdir(). So a test with a /tmp of its own
 * can mount that directory in it, with all that is created there later (own-machine.ts).
 */
let directory = "";

export function setup(): void {
  directory = mkdtempSync(join(tmpdir(), "cni-tap-"));
  chmodSync(directory, 0o755); // some tests run a program as another user
  process.env.TMPDIR = directory;
  delete process.env.CONTAINER_RUNTIME_ENDPOINT; // no test may ask a runtime of this machine
}

export function teardown(): void {
  rmSync(directory, { recursive: true, force: true });
}
