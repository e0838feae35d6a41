/** How often a test repeats what it does at random: `npm run soak` does more of it than `npm test`. */
export function howOften(test: number, soak: number): number {
  return process.env.CNI_TAP_SOAK ? soak : test;
}
