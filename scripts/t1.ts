import { mkdtempSync } from "node:fs";
import { DrivenPlugin } from "./bench/nri/driven-plugin.ts";
import { stateChanges } from "./bench/nri/messages.ts";
import { OBSERVER } from "./bench/nri/plugins.ts";

const folder = mkdtempSync("/tmp/t1-");
const d = await DrivenPlugin.start(OBSERVER, folder);
console.log("registered", d.registeredMs);
await Promise.race([d.connection.start(), new Promise((r) => setTimeout(r, 2000))]);
console.log("started");
for (const e of stateChanges(5)) {
  const t = performance.now();
  await Promise.race([
    d.connection.call("StateChange", e, 2000).catch((e) => console.log(String(e))),
    new Promise((r) => setTimeout(r, 2500)),
  ]);
  console.log(performance.now() - t);
}
await new Promise((r) => setTimeout(r, 300));
console.log(d.process.stderr().slice(0, 3000));
console.log(d.process.memory());
process.exit(0);
