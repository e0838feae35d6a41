import { RE2JS } from "re2js";
import { goQuote } from "../../nri/logrus.ts";
import { shorten } from "../excerpt.ts";

/** For which containers a hook is. */
export interface When {
  /** True (version 0.1.0): one condition is enough. False: all have to hold. */
  readonly anyOf: boolean;
  readonly always: boolean | undefined;
  /** Patterns of a key and of its value. */
  readonly annotations: readonly (readonly [Pattern, Pattern])[];
  /** Patterns of the first word of the container's command line. One of them is enough. */
  readonly commands: readonly Pattern[];
  readonly hasBindMounts: boolean | undefined;
}

/** What conditions ask of a container. */
export interface ContainerFacts {
  /** Its own annotations and its pod's; the pod's count. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly hasBindMounts: boolean;
}

export interface Verdict {
  readonly matches: boolean;
  readonly why: string;
}

/**
 * A pattern of Go (RE2), found anywhere in a text. It takes time linear in the text, whatever whoever makes pods
 * writes into an annotation.
 */
export class Pattern {
  readonly source: string;
  readonly #compiled: RE2JS;

  /**
   * @param what it is, for the error
   * @throws Error if it is wrong, in Go's words
   */
  constructor(what: string, source: string) {
    this.source = source;
    try {
      this.#compiled = RE2JS.compile(source);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`invalid ${what} ${this}: ${why}`);
    }
  }

  isIn(text: string): boolean {
    return this.#compiled.matcher(text).find();
  }

  toString(): string {
    return goQuote(shorten(this.source));
  }
}

/**
 * Whether a hook is for a container (podman's oci-hooks(5)). Without any condition it is not.
 * @throws Error if a command is wanted and the container has none
 */
export function matchHook(when: When, container: ContainerFacts): Verdict {
  let last: Verdict = no("it has no condition");
  for (const verdict of conditions(when, container)) {
    if (verdict.matches === when.anyOf) return verdict; // one that is enough, or one that fails
    last = verdict;
  }
  if (when.commands.length === 0) return last;
  const [command] = container.args;
  if (command === undefined) throw new Error("process.args must have at least one entry");
  const pattern = when.commands.find((one) => one.isIn(command));
  const shown = goQuote(shorten(command));
  return pattern === undefined
    ? no(`no pattern of commands is in ${shown}`)
    : yes(`the command ${shown} has ${pattern}`);
}

/** The verdicts of all conditions but commands. */
function* conditions(when: When, container: ContainerFacts): Iterable<Verdict> {
  if (when.always !== undefined) yield { matches: when.always, why: `always is ${when.always}` };
  if (when.hasBindMounts !== undefined)
    yield when.hasBindMounts && container.hasBindMounts
      ? yes("it has mounts")
      : no(when.hasBindMounts ? "it has no mounts" : "hasBindMounts is false, which never matches");
  for (const [key, value] of when.annotations) {
    const annotation = Object.entries(container.annotations).find(
      ([name, text]) => key.isIn(name) && value.isIn(text),
    );
    const shown = `${key}: ${value}`;
    yield annotation
      ? yes(`the annotation ${goQuote(shorten(annotation[0]))} matches ${shown}`)
      : no(`no annotation matches ${shown}`);
  }
}

function yes(why: string): Verdict {
  return { matches: true, why };
}
function no(why: string): Verdict {
  return { matches: false, why };
}
