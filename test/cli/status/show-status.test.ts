import { expect, test } from "vitest";
import { type Io, processIo } from "../../../src/cli/io.ts";
import type { ObserverStatus } from "../../../src/cli/observer-status.ts";
import type { Status } from "../../../src/cli/status/gather-status.ts";
import { showStatus } from "../../../src/cli/status/show-status.ts";
import { OBSERVER_PATH, UNIT_PATH } from "../../../src/machine/observer-files.ts";

const BY_HAND: ObserverStatus = {
  executable: { path: OBSERVER_PATH, version: null, state: "missing" },
  unit: { path: UNIT_PATH, state: "missing", enabled: false, active: null },
  links: [],
  processes: [{ pid: 542, path: "/srv/cnitap-observe", state: "same", log: "/tmp/cni.log", outdated: false }],
};

function linesOf(observer: ObserverStatus): string[] {
  const empty = { networks: [], withoutNetwork: [], broken: [], executables: [] };
  const status: Status = { confDir: "/etc/cni/net.d", runtime: null, ...empty, observer };
  const out: string[] = [];
  const io: Io = Object.assign(processIo(), { colour: false, out: (text: string) => void out.push(text) });
  showStatus(io, status);
  return out.join("").trimEnd().split("\n").slice(2);
}

test("an observer that runs by hand is not told to lack an installed executable", () => {
  expect(linesOf(BY_HAND)).toEqual(["observer runs, pid 542: logs to /tmp/cni.log"]);
});

test.each<[string, Partial<ObserverStatus>]>([
  ["a unit", { unit: { ...BY_HAND.unit, state: "same" } }],
  ["a link", { links: [{ path: "/opt/nri/plugins/10-network-logger", leadsTo: "nothing" }] }],
])("%s without the executable is told", (_, installed) => {
  expect(linesOf({ ...BY_HAND, ...installed })).toContain(`${OBSERVER_PATH}: missing`);
});
