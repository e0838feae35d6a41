const PER_OCTAVE = 16;
/** 1 µs to 2^24 µs * 256, more than an hour. */
const OCTAVES = 32;

/** Counts durations in a bounded space; its quantiles are off by at most 2.2 %. */
export class Durations {
  readonly #counts = new Uint32Array(PER_OCTAVE * OCTAVES);
  readonly #bounds: readonly number[];
  readonly #below: number[];
  count = 0;
  sumMs = 0;

  /** @param boundsMs each is told how many were at most that long, exactly; they rise */
  constructor(boundsMs: readonly number[]) {
    this.#bounds = boundsMs;
    this.#below = boundsMs.map(() => 0);
  }

  add(ms: number): void {
    const place = Math.floor(Math.log2(Math.max(1, ms * 1000)) * PER_OCTAVE);
    const index = Math.min(this.#counts.length - 1, place);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.count++;
    this.sumMs += ms;
    const bound = this.#bounds.findIndex((most) => ms <= most);
    if (bound >= 0) this.#below[bound] = (this.#below[bound] ?? 0) + 1;
  }

  /** The value below which a share (0 to 1) of them lies; null if there are none. */
  quantile(share: number): number | null {
    if (this.count === 0) return null;
    let left = Math.min(this.count, Math.floor(this.count * share) + 1);
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return 2 ** ((index + 0.5) / PER_OCTAVE) / 1000;
  }

  /** How many lie between each bound and the one before; the last is for those above all. */
  counts(): number[] {
    const inside = this.#below.reduce((sum, count) => sum + count, 0);
    return [...this.#below, this.count - inside];
  }
}
