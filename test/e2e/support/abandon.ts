/**
 * A command that starts a containerd and a pod and never stops them: abandon.ts ENDING PRE POST.
 * It writes "starting …", then "running DIRECTORY", and ends at the end of its stdin as ENDING says: throw or exit.
 */
import { once } from "node:events";
import { startNode } from "../../../scripts/containerd/node.ts";

const [ending, pre = "", post = ""] = process.argv.slice(2);
const node = await startNode({ taps: { pre, post }, progress: (line) => console.log(line) });
await node.runPod({ name: "abandoned-0" });
console.log(`running ${node.folder}`);
await once(process.stdin.resume(), "end");
if (ending === "throw") throw new Error("on purpose");
process.exit(0);
