import type { Keys } from "../../conflist/keys.ts";
import { NodeError } from "../../node/error.ts";
import { readRecord } from "../../node/record.ts";
import { Root } from "../../node/root.ts";

/** Where the taps of this node log, as `cnitap install` was told: pods' events belong into the same log. */
export function tapsKeys(root = new Root()): Keys {
  try {
    for (const { post, pre } of readRecord(root)) {
      const stanza = post ?? pre;
      if (stanza) return stanza;
    }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error; // who may not read it, or finds another's, has the defaults
  }
  return {};
}
