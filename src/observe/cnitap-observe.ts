import type { ObserveHost } from "../native/observe-host.ts";
import type { YamlParser } from "./configuration.ts";
import { run } from "./run.ts";

declare const host: ObserveHost;
/** Of yaml-parser.ts, once it is loaded. */
declare const yaml: YamlParser;

function parser(): YamlParser {
  host.loadYaml();
  return yaml;
}

/** What the executable calls; its exit code. */
Object.assign(globalThis, { start: () => run(host, parser) });
