import { mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { expect, test } from "vitest";
import { readLogState } from "../../src/machine/log-state.ts";
import { Root } from "../../src/machine/root.ts";
import { type Host, useHost } from "../cli/support/host.ts";

const LOG = "/tmp/cni.log";
const line = (second: number) =>
  `{"v":1,"time":"2026-11-21T05:22:0${second}.635892Z","nri":null,"containerId":null,"note":"x"}\n`;
const stateOf = (host: Host) => readLogState(new Root(host.root), LOG);

test("readLogState returns the time of the last line, also of a long log", () => {
  const host = useHost();
  const text = line(1) + `${"x".repeat(70)}\n`.repeat(2_000) + line(2);
  host.write(LOG, text);
  expect(stateOf(host)).toEqual({
    ...{ path: LOG, bytes: text.length, lastLine: "2026-11-21T05:22:02.635892Z" },
  });
  host.write(LOG, `${line(1)}\n\n`); // readers skip empty lines
  expect(stateOf(host).lastLine).toBe("2026-11-21T05:22:01.635892Z");
});

test("readLogState returns the file's time if the last line has none, and null for an empty log", () => {
  const host = useHost();
  host.write(LOG, `${line(1)}CNI_COMMAND=ADD,CNI_CONTAINERID=c,input={}\n`);
  utimesSync(host.path(LOG), 5, 10);
  expect(stateOf(host).lastLine).toBe("1970-01-01T00:00:10.000Z");
  host.write(LOG, "");
  expect(stateOf(host)).toEqual({ path: LOG, bytes: 0, lastLine: null });
});

test("readLogState returns nulls for a missing log, a directory or a link", () => {
  const host = useHost();
  const none = { path: LOG, bytes: null, lastLine: null };
  expect(stateOf(host)).toEqual(none);
  host.write("/tmp/other", line(1));
  symlinkSync("other", host.path(LOG));
  expect(stateOf(host)).toEqual(none);
  const folder = useHost();
  mkdirSync(folder.path(LOG));
  expect(stateOf(folder)).toEqual(none);
});
