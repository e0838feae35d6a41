import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode, errorObjectTail, NO_CONTAINER_ID } from "../../src/cni/error-object.ts";
import { CNI_VERSIONS, LATEST_CNI_VERSION } from "../../src/cni/versions.ts";
import { UNFIT } from "../../src/log/fitness.ts";
import { HARMLESS_ENDINGS, SECRET_WORDS } from "../../src/log/redact.ts";
import { LOCK_TIMEOUT_MS_MOST, LOG_BYTES_MOST, PATH_BYTES_MOST } from "../../src/log/target.ts";
import { FAULTS, SCAN_ERRORS } from "../../src/native/host.ts";
import { INPUT_BYTES_MOST, INPUT_LEVELS_MOST, SECRETS_MOST } from "../../src/native/limits.ts";
import { ROOT } from "../cache-dir.ts";

/** A JSON text of ASCII as a string of C, which has the same escapes for it. */
function quote(text: string): string {
  if (!/^[ -~]*$/.test(text)) throw new Error(`Cannot make policy.h: ${JSON.stringify(text)} is not ASCII`);
  return JSON.stringify(text);
}

function words(list: readonly string[]): string {
  for (const word of list) {
    if (!/^[a-z]+$/.test(word))
      throw new Error(`Cannot make policy.h: the word ${JSON.stringify(word)} is not a-z alone`);
  }
  return list.map(quote).join(", ");
}

function constants(entries: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(entries).map(([name, value]) => `#define ${name} ${value}`);
}

function enumeration(name: string, entries: readonly (readonly [string, ...unknown[]])[]): string {
  return `enum ${name} { ${entries.map(([entry]) => entry).join(", ")} };`;
}

/** What the C code must know of the TypeScript's decisions: words, limits, versions, and codes in their order. */
export function policyHeader(secretWords = SECRET_WORDS, harmlessEndings = HARMLESS_ENDINGS): string {
  return [
    "/* Made by scripts/build/policy-header.ts from the TypeScript that each value stands in. */",
    "#ifndef CNI_TAP_POLICY_H",
    "#define CNI_TAP_POLICY_H",
    ...constants({
      SECRET_WORDS: words(secretWords),
      SECRET_WORD_COUNT: secretWords.length,
      HARMLESS_ENDINGS: words(harmlessEndings),
      SECRET_LETTERS: [...secretWords, ...harmlessEndings].join("").length,
      INPUT_BYTES_MOST,
      INPUT_LEVELS_MOST,
      SECRETS_MOST,
      LOCK_TIMEOUT_MS_MOST,
      LOG_BYTES_MOST,
      PATH_BYTES_MOST,
      LATEST_CNI_VERSION: quote(LATEST_CNI_VERSION),
      CNI_VERSIONS: quote(CNI_VERSIONS.map((version) => JSON.stringify(version)).join(",")),
      ERROR_NO_CONTAINER_ID: quote(errorObjectTail(ErrorCode.invalidEnvironment, NO_CONTAINER_ID)),
      ERROR_STDIN_NOT_JSON: quote(errorObjectTail(ErrorCode.cannotDecode, "stdin is not JSON")),
    }),
    enumeration("scan_error", SCAN_ERRORS),
    enumeration("fault_code", FAULTS),
    enumeration("unfit", UNFIT),
    "#endif",
    "",
  ].join("\n");
}

/** Writes policy.h where it is not there as it should be; the directory it is in. Others may be at it too. */
export function writePolicyHeader(): string {
  const folder = join(ROOT, "build", "generated");
  const file = join(folder, "policy.h");
  const text = policyHeader();
  let there = "";
  try {
    there = readFileSync(file, "utf8");
  } catch {
    mkdirSync(folder, { recursive: true });
  }
  if (there !== text) {
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, text);
    renameSync(fresh, file);
  }
  return folder;
}
