/** A plugin on cni-tap/nri that looks at everything and says nothing: what the stub alone costs. */
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
}).catch(() => {}); // it has no runtime any more
