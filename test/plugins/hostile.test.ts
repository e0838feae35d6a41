import { mkdirSync, writeFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Adjustment } from "../../src/nri/adjustment.ts";
import { ContainerSchema, PodSandboxSchema } from "../../src/nri/gen/api_pb.js";
import type { Context, Creation } from "../../src/nri/handlers.ts";
import { logrusLine } from "../../src/nri/logrus.ts";
import { hookInjector } from "../../src/plugins/hook-injector/plugin.ts";
import { logger } from "../../src/plugins/logger/plugin.ts";
import type { PluginStart, SamplePlugin } from "../../src/plugins/sample-plugin.ts";
import { simpleLogger } from "../../src/plugins/simple-logger/plugin.ts";
import { ulimitAdjuster } from "../../src/plugins/ulimit-adjuster/plugin.ts";
import { useScratch } from "../support/scratch.ts";

const KEY = "ulimits.noderesource.dev/container.main";
const hook = {
  version: "1.0.0",
  hook: { path: "/bin/true" },
  when: { annotations: { "^gpu$": "^(o+)+n$" }, commands: ["^(a|b)*sh$"] },
  stages: ["prestart"],
};
const context: Context = {
  runtime: { name: "", version: "", nriVersion: "", config: "", requestTimeoutMs: 2000 },
  timeoutMs: 2000,
  updateContainers: async () => [],
};

/** Starts a plugin. What it says is only made into lines, each of which must be one. */
function creating(plugin: SamplePlugin, flags: readonly (readonly [string, readonly string[]])[]) {
  const say: PluginStart["say"] = (level, messages, fields) => {
    for (const message of [messages].flat())
      expect(logrusLine(level, message, "fields", { timeMs: 0, sinceStartMs: 0 }, fields)).toMatch(
        /^[^\p{C}\p{Zl}\p{Zp}]*\n$/u,
      );
  };
  const start = { flags: new Map([["verbose", ["true"]] as const, ...flags]), faults: [], say };
  const { handlers, end } = plugin.start(start);
  const ask = (annotations: Record<string, string>, name: string, args: string[]) => {
    const pod = create(PodSandboxSchema, { name, namespace: name, annotations });
    const container = create(ContainerSchema, { name: "main", args, annotations: { own: name } });
    try {
      const { adjust } = (handlers.createContainer?.(pod, container, context) ?? {}) as Creation;
      return { adjust: adjust instanceof Adjustment ? adjust.message : null };
    } catch (error) {
      return { error: String(error) };
    }
  };
  return { ask, end };
}

it.each<[string, SamplePlugin]>([
  ["ulimit-adjuster", ulimitAdjuster],
  ["hook-injector", hookInjector],
  ["logger", logger],
  ["simple-logger", simpleLogger],
])("%s answers any pod, and the next as if that had not been there", (_, plugin) => {
  const scratch = useScratch();
  mkdirSync(scratch.path("hooks"));
  writeFileSync(scratch.path("hooks/a.json"), JSON.stringify(hook));
  const { ask, end } = creating(plugin, [
    ["hooks-dir", [scratch.path("hooks")]],
    ["add-env", ["SEEN"]],
  ]);
  const good = () => ask({ [KEY]: "[{type: core, hard: 1}]", gpu: "on" }, "good", ["sh"]);
  const first = good();
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.constantFrom("__proto__", "constructor", "o".repeat(50_000), "[".repeat(20_000), "x".repeat(300_000)),
    fc.constantFrom(
      "&a [*a]",
      "[{type: core, hard: 1e400}]",
      "[{type: [core]}]",
      "- - - -",
      "%YAML 9.9\n---\n",
    ),
  );
  const key = fc.oneof(fc.constantFrom(KEY, "gpu", "__proto__", "toString"), text);
  fc.assert(
    fc.property(
      fc.dictionary(key, text, { maxKeys: 4 }),
      text,
      fc.array(text, { maxLength: 2 }),
      (annotations, name, args) => {
        const answer = ask(annotations, name, args);
        if ("error" in answer) expect(answer.error).toMatch(/^Error: [^\p{C}\p{Zl}\p{Zp}]{1,800}$/u);
        expect(good()).toEqual(first);
      },
    ),
    { numRuns: 150 },
  );
  end?.();
});
