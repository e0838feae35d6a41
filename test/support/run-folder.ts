import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * vitest's globalSetup. All tests of a run work below one folder, which they find as os.tmpdir(): a test can have a
 * /tmp of its own and show that folder in it, whatever is made there later (own-machine.ts).
 */
let folder = "";

export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), "cni-tap-"));
  chmodSync(folder, 0o755); // some tests run a program as another user
  process.env.TMPDIR = folder;
  delete process.env.CONTAINER_RUNTIME_ENDPOINT; // no test asks a runtime of this machine
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
