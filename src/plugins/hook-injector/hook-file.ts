import type { HookStage } from "../../nri/adjustment.ts";
import { goQuote } from "../../nri/logrus.ts";
import { Pattern, type When } from "./when.ts";

/** A hook of a container's life; see the OCI runtime specification, "POSIX-platform Hooks". */
export interface Hook {
  readonly path: string;
  /** With the name of the program as the first. */
  readonly args: readonly string[];
  /** "NAME=value". */
  readonly env: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}

/** What a hook file says (podman's oci-hooks(5)). */
export interface HookFile {
  readonly hook: Hook;
  readonly when: When;
  readonly stages: readonly Stage[];
}

export type Stage = keyof typeof STAGES;

/** Where a stage's hooks go. OCI has no longer a prestart of its own: it is one time with createRuntime. */
export const STAGES = {
  prestart: "createRuntime",
  createRuntime: "createRuntime",
  createContainer: "createContainer",
  startContainer: "startContainer",
  poststart: "poststart",
  poststop: "poststop",
} as const satisfies Record<string, HookStage>;

/**
 * Reads a file of either version. Whether its program exists is for the caller to say.
 * @throws Error what is wrong
 */
export function parseHookFile(text: string): HookFile {
  const file = new Fields(parseJson(text), "");
  const version = file.string("version") ?? "";
  if (version === "1.0.0") return readCurrent(file);
  if (version === "0.1.0" || version === "") return readOld(file);
  throw new Error(`unrecognized hook version: ${goQuote(version)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is no JSON"); // V8's words quote the text
  }
}

function readCurrent(file: Fields): HookFile {
  const hook = file.object("hook");
  const conditions = file.object("when");
  const timeout = hook?.integer("timeout");
  const when: When = {
    anyOf: false,
    always: conditions?.boolean("always"),
    annotations: annotationPatterns(conditions?.texts("annotations") ?? []),
    commands: commandPatterns(conditions?.strings("commands") ?? []),
    hasBindMounts: conditions?.boolean("hasBindMounts"),
  };
  return checked(
    {
      path: hook?.string("path") ?? "",
      args: hook?.strings("args") ?? [],
      env: hook?.strings("env") ?? [],
      ...(timeout !== undefined && { timeout }),
    },
    when,
    file.strings("stages"),
  );
}

/** Version 0.1.0, which is also that of files without one. One condition is enough there. */
function readOld(file: Fields): HookFile {
  const either = (one: string, other: string) => {
    const [first, second] = [file.strings(one), file.strings(other)];
    if (first && second) throw new Error(`cannot set both ${goQuote(one)} and ${goQuote(other)}`);
    return first ?? second;
  };
  const path = file.string("hook") ?? "";
  const given = file.strings("arguments") ?? [];
  const annotations = either("annotation", "annotations") ?? [];
  const when: When = {
    anyOf: true,
    always: undefined,
    annotations: annotationPatterns(annotations.length > 0 ? [[".*", annotations.join("|")]] : []),
    commands: commandPatterns(either("cmd", "cmds") ?? []),
    hasBindMounts: file.boolean("hasbindmounts"),
  };
  return checked(
    { path, args: given.length > 0 ? [path, ...given] : [], env: [] },
    when,
    either("stage", "stages"),
  );
}

function annotationPatterns(pairs: readonly (readonly [string, string])[]): When["annotations"] {
  return pairs.map(([key, value]) => [
    new Pattern("annotation key", key),
    new Pattern("annotation value", value),
  ]);
}

function commandPatterns(sources: readonly string[]): When["commands"] {
  return sources.map((source) => new Pattern("command", source));
}

function checked(hook: Hook, when: When, given: readonly string[] | undefined): HookFile {
  if (hook.path === "") throw new Error("missing required property: hook.path");
  if (!hook.path.startsWith("/")) throw new Error(`hook.path ${goQuote(hook.path)} is not absolute`);
  if (!given) throw new Error("missing required property: stages");
  const stages = given.map((stage) => {
    if (!isStage(stage)) throw new Error(`unknown stage ${goQuote(stage)}`);
    return stage;
  });
  return { hook, when, stages };
}

function isStage(name: string): name is Stage {
  return Object.hasOwn(STAGES, name);
}

/** The members of a JSON object, whose names Go reads in any case. null is like absence. */
class Fields {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(path === "" ? "it is no JSON object" : `${path} wants an object`);
    this.#members = new Map(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one]));
    this.#path = path;
  }

  string(name: string): string | undefined {
    return this.#read(name, "a string", isString);
  }
  boolean(name: string): boolean | undefined {
    return this.#read(name, "true or false", (value) => typeof value === "boolean");
  }
  integer(name: string): number | undefined {
    return this.#read(name, "a whole number", (value): value is number => Number.isSafeInteger(value));
  }
  strings(name: string): readonly string[] | undefined {
    return this.#read(
      name,
      "a list of strings",
      (value): value is string[] => Array.isArray(value) && value.every(isString),
    );
  }
  object(name: string): Fields | undefined {
    const value = this.#read(name, "an object", (one): one is object => typeof one === "object");
    return value && new Fields(value, this.#title(name));
  }
  /** The members of an object whose values are strings. */
  texts(name: string): readonly (readonly [string, string])[] | undefined {
    const value = this.#read(
      name,
      "an object of strings",
      (one): one is Record<string, string> =>
        typeof one === "object" && one !== null && !Array.isArray(one) && Object.values(one).every(isString),
    );
    return value && Object.entries(value);
  }

  #read<T>(name: string, wanted: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#members.get(name.toLowerCase());
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw new Error(`${this.#title(name)} wants ${wanted}`);
    return value;
  }

  #title(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
