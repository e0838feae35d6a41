/** The plugin that scripts/bench/nri.ts measures: `nri-plugin.ts SOCKET`. */
import { runPlugin } from "../../src/nri/node/run-plugin.ts";

const [, , socket] = process.argv;
let [pods, events] = [0, 0];
await runPlugin({
  name: "bench",
  index: "10",
  socket,
  reconnect: false,
  log: () => {},
  handlers: {
    async synchronize(state) {
      for await (const item of state) if (item.kind === "pod") pods++;
      return undefined;
    },
    runPodSandbox: () => void events++,
  },
}).catch(() => {});
console.log(`${pods} pods, ${events} events`);
