import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { holdLock } from "../support/hold-lock.ts";
import { describeOnPrivateMachine } from "../support/private-mounts.ts";
import type { TapCall, TapRun } from "../support/run-tap.ts";
import {
  type Form,
  forms,
  useWrappedMachine,
  type WrappedCall,
  type WrappedMachine,
} from "./support/wrapped.ts";

/* What cni_wrap stands on is scarce, or somebody else's. */

interface Scarcity extends WrappedCall {
  readonly call?: Partial<TapCall>;
  /** Beginnings and ends in the log; by default one of each. */
  readonly lines?: readonly number[];
  /** What cni_wrap complains of; by default nothing. */
  readonly complaint?: RegExp;
}

/** Expects the plugin's own answer, as it is under the same circumstances. Returns the answer. */
async function expectSame(
  machine: WrappedMachine,
  form: Form,
  { call = {}, lines = [1, 1], complaint = /^$/, ...more }: Scarcity,
): Promise<TapRun> {
  const own = machine.call(form, more);
  const bare = await machine.run({ ...machine.bareCall(form, more), ...call });
  const run = await machine.run({ ...own, ...call, via: [...(call.via ?? []), ...(own.via ?? [])] });
  expect([run.code, run.signal, run.stderr]).toEqual([bare.code, bare.signal, expect.any(String)]);
  expect(run.stdout.toString()).toBe(bare.stdout.toString());
  expect(run.stderr.slice(0, bare.stderr.length)).toBe(bare.stderr);
  expect(run.stderr.slice(bare.stderr.length)).toMatch(complaint);
  expect(machine.started()).toHaveLength(1);
  expect(machine.logged().count()).toEqual(lines);
  return run;
}

const COMPLAINT = /^cni_wrap: [^\n]+\n$/;
const long = { filler: 150_000, env: { PLUGIN_DOES: "speak fill read answer", PLUGIN_EXIT: "5" } };
const talks = {
  env: { PLUGIN_DOES: "fill speak fill speak fill speak fill fill speak speak speak read answer" },
};
const short = { env: { PLUGIN_EXIT: "5" } };

describeOnPrivateMachine("a wrapped plugin answers", () => {
  for (const form of forms) {
    test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(`with %i descriptors (${form})`, async (most) => {
      const machine = await useWrappedMachine();
      const begin = most > 3 ? 1 : 0;
      await expectSame(machine, form, {
        ...(most % 2 === 0 ? short : long),
        call: { via: ["/bin/sh", "-c", `ulimit -n ${most}; exec "$@"`, "sh"] },
        lines: [begin, most < 9 ? 0 : begin],
      });
    });

    test.each([
      ["64 MB of address space", "ulimit -v 65536", long],
      ["16 MB of address space", "ulimit -v 16384", long],
      ["4 MB of address space", "ulimit -v 4096", short],
      ["16 MB of data", "ulimit -d 16384", long],
      ["2 MB of data", "ulimit -d 2048", talks],
      ["64 KB of stack", "ulimit -s 64", long],
      ["a second of CPU time", "ulimit -t 1", long],
      ["no core file", "ulimit -c 0", short],
    ])(`with %s (${form})`, async (_, shell, more) => {
      const machine = await useWrappedMachine();
      await expectSame(machine, form, { ...more, call: { shell } });
    });

    test(`with files that cannot grow (${form})`, async () => {
      const machine = await useWrappedMachine();
      await expectSame(machine, form, {
        ...long,
        call: { shell: "ulimit -f 0" },
        lines: [0, 0],
        complaint: COMPLAINT,
      });
    });

    test(`as a user who may have no more processes (${form})`, async () => {
      const machine = await useWrappedMachine();
      const via = ["prlimit", "--nproc=1", "setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"];
      for (const more of [short, long]) {
        const id = more === short ? "short" : "long";
        const env = { ...more.env, CNI_CONTAINERID: id };
        const own = machine.call(form, { ...more, env });
        const bare = await machine.run({ ...machine.bareCall(form, { ...more, env }), via });
        const run = await machine.run({ ...own, via: [...via, ...(own.via ?? [])] });
        expect([run.code, run.stdout.equals(bare.stdout), run.stderr]).toEqual([5, true, bare.stderr]);
        expect(machine.started(id)).toHaveLength(1);
        expect(machine.logged().count(id)).toEqual([1, 0]); // in the place of cni_wrap
      }
    });

    test(`with 120 KB of CNI_PATH, 10,000 variables and 1 MB of environment (${form})`, async () => {
      const machine = await useWrappedMachine();
      const grow = [
        'i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); export "V$i=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; done',
        "p=/nowhere:; for i in 1 2 3 4 5 6 7 8 9 10 11; do p=$p/nowhere:$p; done",
        'CNI_PATH=$p$p$p/mnt; export CNI_PATH; exec "$@"',
      ];
      await expectSame(machine, form, { call: { via: ["/bin/sh", "-c", grow.join("; "), "sh"] } });
    });

    test(`whichever of its descriptors are closed (${form})`, async () => {
      for (const closed of [[1], [2], [1, 2]] as const) {
        const machine = await useWrappedMachine();
        const bare = await machine.run({ ...machine.bareCall(form, short), closed });
        const run = await machine.run({ ...machine.call(form, short), closed });
        expect([run.code, run.stdout.toString(), run.stderr]).toEqual([
          ...[bare.code, bare.stdout.toString(), bare.stderr],
        ]);
        expect(machine.started()).toHaveLength(1);
        expect(machine.logged().count()).toEqual([1, 1]);
      }
    });
  }

  test("with a CNI_PATH that is as long as any can be, and leads to nothing", async () => {
    const machine = await useWrappedMachine();
    const grow = `CNI_PATH=$(printf '%0131060d' 0); export CNI_PATH; exec "$@"`;
    await expectSame(machine, "name", { call: { via: ["/bin/sh", "-c", grow, "sh"] } });
  });

  test("where it uses up its CPU time: it dies of the same signal", async () => {
    const machine = await useWrappedMachine();
    const more = { env: { PLUGIN_DOES: "read spin" } };
    const run = await machine.run({ ...machine.call("list", more), shell: "ulimit -S -t 1" });
    expect([run.code, run.signal]).toEqual([null, "SIGXCPU"]);
    expect(machine.logged().of("c1", "output")).toMatchObject([{ signal: 24, output: null }]);
  });

  test.each([[[0]], [[0, 1]], [[0, 2]], [[0, 1, 2]]] as const)(
    "by its name with %j closed, and logs that there was no input",
    async (closed) => {
      const machine = await useWrappedMachine();
      const bare = await machine.run({ ...machine.bareCall("name", short), closed, stdin: null });
      const run = await machine.run({ ...machine.call("name", short), closed, stdin: null });
      expect([run.code, run.stdout.toString(), run.stderr]).toEqual([
        ...[bare.code, bare.stdout.toString(), bare.stderr],
      ]);
      expect(machine.logged().of("c1", "input")).toMatchObject([
        { input: expect.stringContaining("[not JSON: ") },
      ]);
      expect(machine.logged().count()).toEqual([1, 1]);
    },
  );

  test.each(forms)("without /proc (%s)", async (form) => {
    const machine = await useWrappedMachine();
    const hide = ["/bin/sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];
    await expectSame(machine, form, { ...long, call: { via: hide } });
  });

  test.each(forms)("as another user, with a log of its own (%s)", async (form) => {
    const machine = await useWrappedMachine();
    const via = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    await expectSame(machine, form, { ...long, call: { via } });
  });

  test.each(forms)("where it has the rights of another user (%s)", async (form) => {
    const machine = await useWrappedMachine();
    const plugin = join(machine.folder, "plugin");
    chownSync(plugin, 65_532, 65_532);
    chmodSync(plugin, 0o6755);
    await expectSame(machine, form, long);
  });

  test.each(forms)("on a full disk, and says once what could not be written (%s)", async (form) => {
    const machine = await useWrappedMachine();
    const full = [
      "/bin/sh",
      "-c",
      'mount -t tmpfs -o size=4k,mode=1777 none /tmp/full && head -c 4096 /dev/zero >/tmp/full/fill; exec "$@"',
      "sh",
    ];
    const settings = { logFile: "/tmp/full/cni.log" };
    mkdirSync(machine.scratch.path("tmp/full"));
    await expectSame(machine, form, {
      ...long,
      settings,
      call: { via: full },
      lines: [0, 0],
      complaint: COMPLAINT,
    });
  });

  test.each(forms)("while somebody holds the lock, within one time for both lines (%s)", async (form) => {
    const machine = await useWrappedMachine();
    await holdLock(machine.scratch.lockFile);
    const began = performance.now();
    await expectSame(machine, form, {
      ...long,
      settings: { lockTimeoutMs: 300 },
      complaint: /held elsewhere for all of 300 ms/,
    });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test.each(forms)("beside files that others have planted (%s)", async (form) => {
    for (const plant of [
      (path: string) => symlinkSync("/etc/hostname", path),
      (path: string) => mkdirSync(path),
      (path: string) => {
        writeFileSync(path, "");
        chownSync(path, 65_534, 65_534);
      },
    ]) {
      const machine = await useWrappedMachine();
      plant(machine.scratch.logFile);
      plant(machine.scratch.lockFile);
      const own = machine.call(form, long);
      const bare = await machine.run(machine.bareCall(form, long));
      const run = await machine.run(own);
      expect([run.code, run.stdout.equals(bare.stdout)]).toEqual([bare.code, true]);
      expect(run.stderr.slice(bare.stderr.length)).toMatch(COMPLAINT);
      expect(machine.started()).toHaveLength(1);
    }
  });

  test("by its name with more on stdin than is kept; in a list that is refused", async () => {
    const most = 64 * 1024 * 1024;
    const machine = await useWrappedMachine();
    const named = machine.call("name");
    const base = String(named.stdin).length + ',"filler":""'.length;
    for (const extra of [0, 1]) {
      const more = { filler: most - base + extra, env: { CNI_CONTAINERID: `c${extra}` } };
      const bare = await machine.run(machine.bareCall("name", more));
      const run = await machine.run(machine.call("name", more));
      expect([run.code, run.stdout.toString(), run.stderr]).toEqual([0, bare.stdout.toString(), bare.stderr]);
      const [begin] = machine.logged().of(`c${extra}`, "input");
      if (extra === 0) expect(begin).toMatchObject({ input: { type: "plugin" } });
      else expect(begin).toMatchObject({ input: expect.stringContaining("larger than 64 MiB") });
    }
    const refused = await machine.run(machine.call("list", { filler: most, env: { CNI_CONTAINERID: "l" } }));
    expect([refused.code, JSON.parse(refused.stdout.toString())]).toMatchObject([1, { code: 6 }]);
    expect(machine.started("l")).toEqual([]);
  });
});
