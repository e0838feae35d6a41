import { Adjustment } from "../../nri/adjustment.ts";
import type { Container, PodSandbox } from "../../nri/gen/api_pb.js";
import { isOn } from "../../nri/go-flags.ts";
import { goQuote } from "../../nri/logrus.ts";
import { dumpLines } from "../dump.ts";
import { type PluginStart, type SamplePlugin, StartError, VERBOSE_FLAG } from "../sample-plugin.ts";
import { STAGES } from "./hook-file.ts";
import { type HookSet, HookSource, type NamedHook } from "./hook-set.ts";
import { type ContainerFacts, matchHook } from "./when.ts";

const FOLDERS = ["/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"];
/** For messages about changes. When a container is created the folders are looked at in any case. */
const LOOK_MS = 1000;

/** nri, plugins/hook-injector: OCI hooks of the node's files into the containers that they are for. */
export const hookInjector: SamplePlugin = {
  flags: [
    VERBOSE_FLAG,
    { name: "disableWatch", kind: "bool", usage: "read the hooks once, at the start" },
    {
      ...{ name: "hooks-dir", kind: "string", repeatable: true },
      usage: "a folder of hooks, in place of the two; may be given several times, the last counts most",
      shown: FOLDERS.join(" "),
    },
    { name: "strict", kind: "bool", usage: "do not start if a hook file is broken" },
  ],
  example: "-idx 10 -hooks-dir /etc/containers/oci/hooks.d",
  start({ flags, say }) {
    const folders = flags.get("hooks-dir") ?? FOLDERS;
    const source = new HookSource(folders, (set) => report(set, say));
    const { faults } = source.set;
    if (isOn(flags, "strict") && faults.length > 0)
      throw new StartError(`failed to set up hook manager: ${faults.join("; ")}`);
    report(source.set, say);
    const watches = !isOn(flags, "disableWatch");
    if (watches) say("info", `watching directories "${folders.join(" ")}" for new changes`);
    const timer = watches ? setInterval(() => source.refresh(), LOOK_MS) : undefined;
    return {
      failRequests: ["createContainer"],
      handlers: {
        createContainer: (pod, container) => ({
          adjust: inject(
            (watches ? source.refresh() : source.set).hooks,
            pod,
            container,
            say,
            isOn(flags, "verbose"),
          ),
        }),
      },
      end: () => clearInterval(timer),
    };
  },
};

type Say = PluginStart["say"];

function report({ folders, faults }: HookSet, say: Say): void {
  for (const { path, fault, names } of folders) {
    const list = names.length > 0 ? `: ${names.join(", ")}` : "";
    const count = `${names.length} ${names.length === 1 ? "hook" : "hooks"}`;
    say(
      "info",
      fault === null ? `Read ${count} from ${path}${list}` : `Read no hooks from ${path}: ${fault}`,
    );
  }
  for (const fault of faults) say("error", `Failed loading hooks for ${fault}`);
}

/** The adjustment with all hooks that are for a container. @throws Error if that cannot be said */
function inject(
  hooks: readonly NamedHook[],
  pod: PodSandbox,
  container: Container,
  say: Say,
  verbose: boolean,
): Adjustment {
  const title = `${pod.name}/${container.name}`;
  const facts: ContainerFacts = {
    annotations: { ...container.annotations, ...pod.annotations },
    args: container.args,
    hasBindMounts: container.mounts.length > 0,
  };
  if (verbose) say("info", dumpLines("CreateContainer", { pod, container, annotations: facts.annotations }));
  const adjust = new Adjustment();
  let count = 0;
  for (const { name, hook, when, stages } of hooks) {
    const { matches, why } = explain(name, title, say, () => matchHook(when, facts));
    say(
      "debug",
      `${title}: hook ${name} ${matches ? `matched; adding to stages [${stages.join(" ")}]` : "did not match"}: ${why}`,
    );
    if (!matches) continue;
    for (const stage of stages) {
      adjust.addHook(STAGES[stage], hook);
      count++;
    }
  }
  if (verbose && count > 0) say("info", dumpLines(title, { ContainerAdjustment: adjust.message }));
  say("info", `${title}: ${count > 0 ? "OCI hooks injected" : "no hooks to inject, ignoring"}`);
  return adjust;
}

function explain<T>(name: string, title: string, say: Say, match: () => T): T {
  try {
    return match();
  } catch (error) {
    const words = `matching hook ${goQuote(name)}: ${error instanceof Error ? error.message : error}`;
    say("error", `${title}: failed to generate hooks: ${words}`);
    throw new Error(`hook generation failed: ${words}`);
  }
}
