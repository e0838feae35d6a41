import { Adjustment } from "../../nri/adjustment.ts";
import { isOn, lastValue } from "../../nri/go-flags.ts";
import type { Fields } from "../../nri/logrus.ts";
import { type SamplePlugin, VERBOSE_FLAG } from "../sample-plugin.ts";
import { limitsFor } from "./ulimits.ts";

/** nri, plugins/ulimit-adjuster. A wrong annotation fails the creation of its container, and nothing else. */
export const ulimitAdjuster: SamplePlugin = {
  flags: [VERBOSE_FLAG],
  example: "-idx 10 -verbose",
  start({ flags, say }) {
    const own: Fields = {
      idx: lastValue(flags, "idx") ?? "",
      name: lastValue(flags, "name") ?? "",
    };
    say("info", "starting plugin", { ...own, verbose: String(isOn(flags, "verbose")) });
    return {
      failRequests: ["createContainer"],
      handlers: {
        createContainer: (pod, container) => {
          const fields = { ...own, container: container.name, pod: pod.name };
          const debug = (message: string, more: Fields = {}) => say("debug", message, { ...fields, ...more });
          debug("create container");
          const adjust = new Adjustment();
          for (const { type, hard, soft } of limitsFor(container.name, pod.annotations, debug)) {
            debug("adjust rlimit", { type, hard: String(hard), soft: String(soft) });
            adjust.addRlimit(type, hard, soft);
          }
          return { adjust };
        },
      },
    };
  },
};
