import { goUsage, isOn, lastValue, parseGoFlags } from "../../nri/go-flags.ts";
import { PluginLog } from "../../nri/nodejs/plugin-log.ts";
import { COMMON_FLAGS, type SamplePlugin, StartError } from "../../plugins/sample-plugin.ts";
import { EXIT, type Io } from "../io.ts";
import { withDefaults } from "../observe/identity.ts";
import { serveRuntime } from "../observe/serve-runtime.ts";
import type { Launch } from "./launch.ts";

/** How long it writes waiting lines at its end. */
const END_MS = 750;

/** Runs a plugin until it is stopped. Sets the exit code: 0 stopped, 1 failed, 2 invalid usage. */
export async function runSamplePlugin({ entry, args, program, byName }: Launch, io: Io): Promise<void> {
  const plugin = await entry.load();
  const known = [...COMMON_FLAGS, ...plugin.flags];
  const parsed = parseGoFlags(args, known);
  const usage = goUsage(program, known);
  if ("help" in parsed) return io.out(`${usage}\nExample:\n  $ ${program} ${plugin.example}\n`);
  if ("error" in parsed) {
    io.err(`${parsed.error}\n${usage}`);
    io.exitCode = EXIT.usage;
    return;
  }
  const { values } = parsed;
  const log = new PluginLog(isOn(values, "verbose"));
  const start = startOrSay(plugin, values, log);
  if (start) {
    const identity = { name: lastValue(values, "name"), index: lastValue(values, "idx") };
    io.exitCode = await serveRuntime({
      identity: withDefaults(identity, process.env, process.argv[1] ?? "", entry.name),
      socket: lastValue(values, "socket") ?? lastValue(values, "socket-path"),
      once: byName || isOn(values, "once"),
      handlers: start.handlers,
      failRequests: start.failRequests,
      say: (level, message, fields) => log.say(level, message, fields),
    }).finally(() => start.end?.());
  } else io.exitCode = EXIT.failed;
  await log.end(END_MS);
  io.leave();
}

/** Starts a plugin. If it cannot, says why and returns undefined. */
function startOrSay(
  plugin: SamplePlugin,
  flags: Parameters<SamplePlugin["start"]>[0]["flags"],
  log: PluginLog,
) {
  try {
    return plugin.start({
      flags,
      say: (level, messages, fields) => log.say(level, messages, fields),
      sayTo: (descriptor) => log.writeTo(descriptor),
    });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    log.say("fatal", error.message);
    return undefined;
  }
}
