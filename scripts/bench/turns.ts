/**
 * The order of a round. It changes with each round; in 2 n rounds each contestant follows each other one
 * equally often (Williams design), since a slow one leaves cold caches to the next.
 */
export function inTurn<T>(contestants: readonly T[], round: number): T[] {
  const count = contestants.length;
  const turns = contestants.flatMap((_, at) => {
    const step = at % 2 === 0 ? at / 2 : count - (at + 1) / 2; // 0, n-1, 1, n-2, ...
    const index = (((round + step) % count) + count) % count;
    return contestants.slice(index, index + 1);
  });
  return Math.floor(round / count) % 2 === 0 ? turns : turns.reverse();
}
