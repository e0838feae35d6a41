/** How many runs a randomized test makes: `npm run soak` makes more than `npm test`. */
export function howOften(test: number, soak: number): number {
  return process.env.CNI_TAP_SOAK ? soak : test;
}
