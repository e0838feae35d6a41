/** An NRI plugin that containerd launches. It writes its events to the file of its argument, as it has no stderr. */
import { appendFileSync } from "node:fs";
import { runPlugin } from "../../../src/nri/nodejs/run-plugin.ts";

const [, , file = ""] = process.argv;
const tell = (line: string) => appendFileSync(file, `${line}\n`);
await runPlugin({
  log: (_, message) => tell(message),
  handlers: {
    configure: ({ config }) => {
      tell(`config ${config}`);
      return undefined;
    },
    runPodSandbox: (pod) => tell(`run ${pod.name}`),
  },
});
