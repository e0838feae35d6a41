import { expect } from "vitest";

/** A call, and the answer that a runtime must get even if the script fails. */
export interface Answer {
  readonly what: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly code: number;
  check(stdout: string): void;
}

/** A result that Go's encoder would write in other bytes. */
export const RESULT = '{ "ips":[{"address":"10.1.2.3/24"}], "big":9007199254740993 }';
const SUPPORTED = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

const id = { CNI_CONTAINERID: "c1" };
const is = (text: string) => (stdout: string) => expect(stdout).toBe(text);
const isError = (code: number, cniVersion: string) => (stdout: string) =>
  expect(JSON.parse(stdout)).toEqual({ cniVersion, code, msg: expect.stringMatching(/./), details: "" });

/** Each command, and each way in which a call can be invalid. */
export const ANSWERS: readonly Answer[] = [
  {
    what: "ADD returns prevResult",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: `{"prevResult":${RESULT},"name":"n"}`,
    code: 0,
    check: is(RESULT),
  },
  {
    what: "ADD without prevResult returns cniVersion",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: '{"cniVersion":"0.3.1","prevResult":null}',
    code: 0,
    check: is('{"cniVersion":"0.3.1"}'),
  },
  {
    what: "ADD without prevResult and cniVersion returns an empty object",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: "{}",
    code: 0,
    check: is("{}"),
  },
  {
    what: "ADD without a container ID is refused",
    env: { CNI_COMMAND: "ADD" },
    stdin: '{"cniVersion":"1.0.0"}',
    code: 1,
    check: isError(4, "1.0.0"),
  },
  {
    what: "ADD with invalid JSON is refused",
    env: { CNI_COMMAND: "ADD", ...id },
    stdin: '{"cniVersion":"1.0.0"',
    code: 1,
    check: isError(6, "1.1.0"),
  },
  {
    what: "CHECK succeeds",
    env: { CNI_COMMAND: "CHECK", ...id },
    stdin: `{"prevResult":${RESULT}}`,
    code: 0,
    check: is(""),
  },
  {
    what: "CHECK with empty stdin is refused",
    env: { CNI_COMMAND: "CHECK", ...id },
    stdin: "",
    code: 1,
    check: isError(6, "1.1.0"),
  },
  {
    what: "DEL succeeds",
    env: { CNI_COMMAND: "DEL", ...id },
    stdin: `{"prevResult":${RESULT}}`,
    code: 0,
    check: is(""),
  },
  {
    what: "DEL succeeds without a container ID or JSON",
    env: { CNI_COMMAND: "DEL" },
    stdin: "no",
    code: 0,
    check: is(""),
  },
  { what: "GC succeeds", env: { CNI_COMMAND: "GC" }, stdin: "{}", code: 0, check: is("") },
  { what: "STATUS succeeds", env: { CNI_COMMAND: "STATUS" }, stdin: "{}", code: 0, check: is("") },
  { what: "an unknown command succeeds", env: { CNI_COMMAND: "NEW" }, stdin: "{}", code: 0, check: is("") },
  {
    what: "VERSION returns the supported versions",
    env: { CNI_COMMAND: "VERSION" },
    stdin: "",
    code: 0,
    check: (stdout) =>
      expect(JSON.parse(stdout)).toEqual({ cniVersion: "1.1.0", supportedVersions: SUPPORTED }),
  },
  {
    what: "VERSION adds the version that was asked for",
    env: { CNI_COMMAND: "VERSION" },
    stdin: '{"cniVersion":"2.0.0"}',
    code: 0,
    check: (stdout) =>
      expect(JSON.parse(stdout)).toEqual({ cniVersion: "2.0.0", supportedVersions: [...SUPPORTED, "2.0.0"] }),
  },
];

/** How a call ended. */
export interface Ended {
  readonly code: number | null;
  /** Null or 0 for none. */
  readonly signal: NodeJS.Signals | number | null;
  readonly stdout: Buffer | string;
}

/** Expects this reply and exit code, and that no signal ended the tap. */
export function expectAnswer(run: Ended, { code, check }: Answer, why = ""): void {
  expect([run.signal || null, run.code], why).toEqual([null, code]);
  check(run.stdout.toString());
}
