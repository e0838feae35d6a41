/** A plugin that a runtime launches. Its exit code is 7 if its connection ends as expected and no timer is left. */

import { runPlugin } from "../../../src/nri/nodejs/run-plugin.ts";
import { NriError } from "../../../src/nri/nri-error.ts";

let config = "";
const handlers = {
  configure: (runtime: { readonly config: string }) => {
    config = runtime.config;
    return undefined;
  },
  runPodSandbox: () => undefined,
};
await runPlugin({ handlers, log: () => {} }).catch((error: unknown) => {
  const fine = config === "hello" && error instanceof NriError && error.code === "disconnected";
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  process.exitCode = fine && timers.length === 0 ? 7 : 1;
});
