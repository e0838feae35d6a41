import { recordedKeys } from "../../conflist/installations.ts";
import type { Keys } from "../../conflist/stanza-keys.ts";
import { readRecord } from "../../machine/installation-record.ts";
import { MachineError } from "../../machine/machine-error.ts";
import { Root } from "../../machine/root.ts";

/** The keys of this node's taps from cnitap's record, so that both share a log; empty if unknown. */
export function tapsKeys(root = new Root()): Keys {
  try {
    for (const installation of readRecord(root)) {
      const keys = recordedKeys(installation);
      if (keys) return keys;
    }
  } catch (error) {
    if (!(error instanceof MachineError)) throw error; // cannot be read or is invalid: use the defaults
  }
  return {};
}
