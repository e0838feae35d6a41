/** Calls back after so many milliseconds. Returns what cancels it. */
export function timer(ms: number, act: () => void): () => void {
  const timeout = setTimeout(act, ms);
  return () => clearTimeout(timeout);
}
