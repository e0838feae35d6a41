/** An NRI plugin that containerd launches: its file argument tells what it heard, for there is no stderr. */
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
