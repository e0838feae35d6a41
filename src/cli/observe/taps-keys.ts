import type { Keys } from "../../conflist/stanza-keys.ts";
import { readRecord } from "../../machine/installation-record.ts";
import { MachineError } from "../../machine/machine-error.ts";
import { Root } from "../../machine/root.ts";

/** Where the taps of this node log, as `cnitap install` was told: pods' events belong into the same log. */
export function tapsKeys(root = new Root()): Keys {
  try {
    for (const { post, pre } of readRecord(root)) {
      const stanza = post ?? pre;
      if (stanza) return stanza;
    }
  } catch (error) {
    if (!(error instanceof MachineError)) throw error; // who may not read it, or finds another's, has the defaults
  }
  return {};
}
