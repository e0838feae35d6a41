/*
 * Audits a log of many pods, to be run with a small heap: `many-pods.ts <removed|kept> <pods>`. Prints how many findings there are,
 * and the bytes that are kept outside of the heap.
 */
import { LineReader } from "../../src/machine/line-reader.ts";
import { Audit } from "../../src/story/audit.ts";
import { chain, resultWith } from "./findings/support.ts";
import { NETNS, podLine } from "./support.ts";

const [, , kind, count] = process.argv;
const pods = Number(count);
const result = resultWith("10.99.98.97/8");
const one = { at: 0, id: "ID-OF-POD", pod: "default/NAME-OF-POD", netns: NETNS };
const cached = { prevResult: result, cniVersion: "1.0.0" };
const lines = [
  ...chain("ADD", one, result),
  podLine("RunPodSandbox", one, ["10.99.98.97"]),
  ...(kind === "removed"
    ? [...chain("DEL", { ...one, at: 500 }, cached), podLine("RemovePodSandbox", { ...one, at: 600 })]
    : []),
].join("\n");

const audit = new Audit({ stuckMs: 60_000, mostOpen: 1000 });
const reader = new LineReader();
let number = 0;
for (let pod = 0; pod < pods; pod++) {
  const text = lines
    .replaceAll("ID-OF-POD", `${pod.toString(16).padStart(8, "0")}${"0".repeat(56)}`)
    .replaceAll("NAME-OF-POD", `web-${pod}`)
    .replaceAll("10.99.98.97", `10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`);
  for (const line of text.split("\n")) {
    const bytes = Buffer.from(line, "latin1");
    audit.add(++number, reader.read(bytes, 0, bytes.length));
  }
}
const { findings } = audit.end();
console.log(JSON.stringify({ findings: findings.length, bytes: process.memoryUsage().arrayBuffers }));
