import { expect } from "vitest";

/** The members of every json line of a call, in their order. */
export const always: readonly string[] =
  "v,time,tap,build,pid,command,containerId,network,cniVersion,ifname,netns,args".split(",");

/** A json line of a wrapped call. */
export interface WrapLine {
  readonly members: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  /** The last member's value as text. */
  readonly payload: string;
}

export function readWrapLine(line: string): WrapLine {
  const members = JSON.parse(line) as Record<string, unknown>;
  const names = Object.keys(members);
  // No string before the payload can hold this mark: its quotes would be escaped.
  const mark = `,"${names.at(-1)}":`;
  return { members, names, payload: line.slice(line.indexOf(mark) + mark.length, -1) };
}

/** Reads the two lines of one call, and expects them to belong together. */
export function readPair(lines: readonly string[]): readonly [begin: WrapLine, end: WrapLine] {
  expect(lines).toHaveLength(2);
  const [begin, end] = lines.map(readWrapLine);
  if (begin === undefined || end === undefined) throw new Error("Cannot read the lines: there are none");
  expect(begin.names).toEqual([...always, "plugin", "input"]);
  expect(begin.members).toMatchObject({ v: 1, tap: "wrap" });
  for (const name of [...always, "plugin"])
    if (name !== "time") expect(end.members[name]).toStrictEqual(begin.members[name]);
  expect(String(end.members.time) >= String(begin.members.time)).toBe(true);
  return [begin, end];
}

/** Expects stderr to be the plugin's own and then one line of cni_wrap, and returns that. */
export function expectOneComplaint(stderr: Buffer, own = ""): string {
  const text = stderr.toString();
  expect(text.startsWith(own)).toBe(true);
  const complaint = text.slice(own.length);
  expect(complaint).toMatch(/^cni_wrap: [^\n]+\n$/);
  return complaint;
}
