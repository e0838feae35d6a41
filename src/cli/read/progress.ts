import type { Io } from "../io.ts";

/** A read that takes longer shows how far it is. */
const AFTER_MS = 1000;
const EVERY_MS = 200;

/** Shows on a terminal how far a long read is. */
export function progressOn(io: Io): { readonly progress: (share: number) => void; readonly end: () => void } {
  const begun = performance.now();
  let shown = 0;
  return {
    progress: (share) => {
      const now = performance.now();
      if (!io.terminal || now - begun < AFTER_MS || now - shown < EVERY_MS) return;
      shown = now;
      io.err(`\rreading: ${Math.floor(share * 100)} %`);
    },
    end: () => {
      if (shown > 0) io.err("\r\x1b[K");
    },
  };
}
