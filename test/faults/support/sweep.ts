import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TapCall } from "../../support/run-tap.ts";
import { type CrowdCall, runCrowd } from "./crowd.ts";
import { bring } from "./place.ts";
import { type Hit, readHit } from "./traced.ts";
import type { WrappedMachine } from "./wrapped.ts";

/** One call of a sweep: the number of the system call that was disturbed is its container ID. */
export interface SweptCall extends CrowdCall {
  readonly id: string;
  /** Null if the call makes fewer system calls. */
  readonly hit: Hit | null;
}

/**
 * Makes a call many times, and disturbs one system call of each: the first, the second and so on, until there is none.
 * Only cni_wrap's own are counted, not the plugin's. One call is made after the other: calls that wait for one another's locks
 * make more system calls, now here and now there, and some of those that count may not be hit.
 */
export async function sweep(
  machine: WrappedMachine,
  call: TapCall,
  how: readonly ["kill"] | readonly ["fail", errno: number],
  reply: string,
): Promise<SweptCall[]> {
  const { place, folder } = machine;
  const tracer = await bring("tracer", place);
  const script = join(folder, "sweep");
  const program = call.via?.[0] ?? "/mnt/cni_wrap";
  const id = '"$CNI_CONTAINERID"';
  writeFileSync(
    script,
    `#!/bin/sh\nexec ${tracer} /tmp/report.${id} ${how[0]} ${id} ${how[1] ?? ""} ${program}\n`,
  );
  chmodSync(script, 0o755);
  const swept: SweptCall[] = [];
  for (let from = 1; ; from += BATCH) {
    const crowd = await runCrowd(
      {
        ...{ role: "pre", env: call.env as Record<string, string>, exe: script, reply },
        ...{ from, to: from + BATCH - 1, atOnce: 1, stdin: call.stdin ?? "", timeoutMs: 20_000 },
      },
      place,
    );
    for (const one of crowd.toSorted((a, b) => a.number - b.number)) {
      const number = String(one.number);
      swept.push({ ...one, id: number, hit: readHit(join(place.folder, `report.${number}`)) });
    }
    if (swept.at(-1)?.hit === null) return swept;
  }
}

/** So many are made before it is looked whether there are more. */
const BATCH = 40;
