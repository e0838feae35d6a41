import type { Pod } from "../pod.ts";
import { linesOf } from "../runs.ts";
import { aboutAttached, type Check, inNetwork, type MakeCheck, podName, shownMs } from "./finding.ts";

const NAMES: Readonly<Record<number, string>> = {
  ...{ 1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE" },
  ...{
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
  },
};
/** Signals of a bug in the plugin. */
const CRASHES = [4, 6, 7, 8, 11];

/** A plugin died of a signal, and nobody says so: libcni has "no error message" (kubernetes#92903, cni#732). */
export const pluginDied: MakeCheck = (_log, report): Check => ({
  pod: ({ story, attached: all }: Pod) => {
    for (const attached of all)
      for (const run of attached.runs)
        for (const call of run.calls) {
          if (call.kind !== "plugin" || call.end === null || call.end.signal === null) continue;
          const { signal, ms } = call.end;
          const named = NAMES[signal] ? `signal ${signal} (${NAMES[signal]})` : `signal ${signal}`;
          const how = CRASHES.includes(signal) ? "crashed" : "was killed";
          const brief = `${call.plugin} ${how} in its ${call.command}: ${named}`;
          report(
            aboutAttached(attached, {
              ...{ code: "plugin-died", severity: "error", brief, timeMs: call.timeMs, plugin: call.plugin },
              sentence: `${call.plugin} ${how} in the ${call.command} of ${podName(story)}${inNetwork(attached.network)}: ${named}, after ${shownMs(ms)}`,
              lines: linesOf({ calls: [call] }),
              advice: adviceFor(signal, call.plugin),
            }),
          );
        }
  },
});

function adviceFor(signal: number, plugin: string): string {
  if (signal === 9)
    return "The kernel kills where memory is short (journalctl -k | grep -i oom), and so may an operator or a program.";
  if (signal === 31) return `A seccomp filter does not let ${plugin} make a system call.`;
  if (signal === 24 || signal === 25) return `A limit of the runtime's was reached by ${plugin}.`;
  return CRASHES.includes(signal)
    ? `Report it to the makers of ${plugin}; its standard error, if it wrote any, is in the line.`
    : `Find out who ends ${plugin}.`;
}
