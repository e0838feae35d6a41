import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Survey } from "../../../machine/survey.ts";
import { type Check, error } from "../check.ts";
import { listedTypes, startedTypes } from "../started-types.ts";

/** e_machine of ELF (elf.h), and its byte order, by Node's names of processors. */
const MACHINES: Readonly<Record<string, readonly [number, "LE" | "BE"]>> = {
  x64: [62, "LE"],
  ia32: [3, "LE"],
  arm64: [183, "LE"],
  arm: [40, "LE"],
  ppc64: [21, "LE"],
  s390x: [22, "BE"],
  riscv64: [243, "LE"],
  loong64: [258, "LE"],
};
const NAMES = new Map([
  [3, "32-bit x86"],
  [22, "s390x"],
  [40, "32-bit ARM"],
  [62, "x86-64"],
  [183, "ARM64"],
  [243, "RISC-V"],
]);
/** As execve(2) reads of a script (BINPRM_BUF_SIZE). */
const HEAD_BYTES = 256;

export const executables: Check = {
  id: "executables",
  title: "the plugins, and what they start themselves, are programs of this processor",
  allowsInstall: true, // it does not touch them
  run(subject) {
    const { survey } = subject;
    const listed = listedTypes(subject); // those are looked for by another check
    return startedTypes(subject).flatMap((type) => {
      const path = survey.binDirs
        .map((folder) => join(folder, type))
        .find((one) => statSync(survey.root.at(one), { throwIfNoEntry: false })?.isFile());
      if (path === undefined && !listed.includes(type)) {
        const advice = "Install it again; without it no pod of its network starts or ends.";
        return [error(`${type} is not in ${survey.binDirs.join(", ")}`, advice)];
      }
      const problem = path === undefined ? null : problemOf(survey, path);
      return problem === null
        ? []
        : [
            error(
              `${path} ${problem}`,
              `Install ${type} again; until then no pod of its network starts or ends.`,
            ),
          ];
    });
  },
};

/** Why a file cannot be started, as a clause. */
function problemOf(survey: Survey, path: string): string | null {
  const head = headOf(survey.root.at(path));
  if (head === null) return null; // whoever reports missing files does
  if (head.length === 0) return "is empty";
  if (head.subarray(0, 2).toString("latin1") === "#!") return scriptProblem(survey, head);
  if (head.subarray(0, 4).toString("latin1") !== "\x7fELF" || head.length < 20)
    return "is neither a program nor a script";
  const wanted = MACHINES[process.arch];
  if (wanted === undefined) return null;
  const [machine, order] = wanted;
  const found = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
  if (found === machine && (head[5] === 2) === (order === "BE")) return null;
  // A 64-bit kernel starts programs of its 32-bit kin.
  if ((process.arch === "x64" && found === 3) || (process.arch === "arm64" && found === 40)) return null;
  return `is a program for ${NAMES.get(found) ?? `processor ${found}`}, and this is ${NAMES.get(machine) ?? process.arch}`;
}

function scriptProblem({ root }: Survey, head: Buffer): string | null {
  const line = head.toString("latin1").split("\n", 1)[0] ?? "";
  const [interpreter = ""] = line.slice(2).trim().split(/\s+/);
  if (!interpreter.startsWith("/")) return "is a script that names no interpreter";
  try {
    accessSync(root.at(interpreter), constants.X_OK);
    return null;
  } catch {
    return `is a script for ${interpreter}, which is not there`;
  }
}

function headOf(path: string): Buffer | null {
  try {
    const fd = openSync(path, "r");
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
