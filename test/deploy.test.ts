import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../scripts/cache-dir.ts";
import { OBSERVER_PATH } from "../src/machine/observer-files.ts";
import { observeRuntime } from "./cli/observe/support/observing.ts";
import { classicPodLineOf, podNumber, tell } from "./cli/observe/support/pods.ts";
import { rootOnOwnMachine } from "./support/own-machine.ts";
import { useScratch } from "./support/scratch.ts";

const unit = readFileSync(join(ROOT, "deploy", "cnitap-observe.service"), "utf8");

/** The values of a key, in order. Comments do not count. */
function valuesOf(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1] ?? "");
}

test("the unit's command observes pods without any capability", async () => {
  const [command = ""] = valuesOf("ExecStart");
  const [program, ...args] = command.split(" ");
  expect(program).toBe(OBSERVER_PATH);
  expect(valuesOf("CapabilityBoundingSet")).toEqual([""]);
  expect(valuesOf("NoNewPrivileges")).toEqual(["yes"]);
  const scratch = useScratch();
  const via = [
    "setpriv",
    ...(rootOnOwnMachine ? ["--bounding-set=-all", "--inh-caps=-all"] : []),
    "--no-new-privs",
    "--",
  ];
  const { observing, connection } = await observeRuntime({
    via,
    exe: join(ROOT, "bin", "cnitap-observe"),
    args: [...args, "--log-file", scratch.logFile],
  });
  await connection.start();
  expect(readFileSync(`/proc/${observing.pid}/status`, "utf8")).toMatch(/^CapEff:\t0+$/m);
  await tell(connection, "run", podNumber(1));
  expect(await observing.end()).toEqual({ code: 0, signal: null });
  expect(scratch.lines()).toEqual([classicPodLineOf("RunPodSandbox", 1)]);
});

test("the unit gives the observer the host's /tmp, more than a second to stop, and its writers their time", () => {
  expect(valuesOf("PrivateTmp")).toEqual(["no"]);
  expect(valuesOf("ProtectHome")).toEqual([]); // the log may be there
  expect(valuesOf("KillMode")).toEqual(["mixed"]);
  expect(valuesOf("Restart")).toEqual(["always"]);
  expect(Number(valuesOf("TimeoutStopSec")[0])).toBeGreaterThan(1);
});
