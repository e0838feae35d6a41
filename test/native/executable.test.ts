import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { roles, tapPath } from "../support/run-tap.ts";

/** The fields of the ELF header and program headers (elf(5)) by which a static executable is recognized. */
function readElf(path: string): { class: number; machine: number; type: number; segments: number[] } {
  const elf = readFileSync(path);
  expect(elf.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
  const offset = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  return {
    class: elf.readUInt8(4),
    machine: elf.readUInt16LE(18),
    type: elf.readUInt16LE(16),
    segments: Array.from({ length: count }, (_, index) => elf.readUInt32LE(offset + index * size)),
  };
}

const PT_DYNAMIC = 2;
const PT_INTERP = 3;

describe.each(roles)("cni_%s", (role) => {
  test("is a static x86-64 executable: no loader, no dynamic section", () => {
    const elf = readElf(tapPath(role));
    expect(elf).toMatchObject({ class: 2, machine: 62, type: 2 });
    expect(elf.segments).not.toContain(PT_DYNAMIC);
    expect(elf.segments).not.toContain(PT_INTERP);
  });

  test("is at most 1 MiB", () => {
    expect(statSync(tapPath(role)).size).toBeLessThanOrEqual(1024 * 1024);
  });
});
