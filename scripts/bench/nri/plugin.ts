/** A plugin with cni-tap/nri that decodes everything and logs nothing, to measure the stub alone. */
import { parseArgs } from "node:util";
import { runPlugin } from "../../../src/nri/nodejs/run-plugin.ts";

const { socket } = parseArgs({ options: { socket: { type: "string" } } }).values;
let pods = 0;
await runPlugin({
  ...{ name: "bench", index: "10", socket, reconnect: false },
  log: () => {},
  handlers: {
    async synchronize(state) {
      for await (const item of state) if (item.kind === "pod") pods++;
      return undefined;
    },
    runPodSandbox: () => void pods++,
  },
}).catch(() => {}); // the runtime is gone
