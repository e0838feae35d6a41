import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { Backlog } from "../../src/observe/backlog.ts";

/** A place that takes lines when the test says so. */
class Place {
  /** What it took, in order. */
  readonly taken: string[] = [];
  /** The write that is under way. */
  offered: readonly string[] | null = null;
  writes = 0;
  #finish: (count: number) => void = () => {};

  write(lines: readonly Buffer[]): Promise<number> {
    this.offered = lines.map(String);
    this.writes++;
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Ends the write: so many lines were taken, and then it failed. */
  async take(count = Number.POSITIVE_INFINITY): Promise<void> {
    const lines = this.offered?.slice(0, count) ?? [];
    this.offered = null;
    this.taken.push(...lines);
    this.#finish(lines.length);
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function backlogTo(place: Place, mostLines: number, retryMs = 0): Backlog<string> {
  return new Backlog<string>({
    ...{ mostLines, restMs: 0, retryMs, encode: Buffer.from, sizeOf: ({ length }) => length },
    write: (lines) => place.write(lines),
    lostLine: (count) => Buffer.from(`lost ${count}`),
  });
}

const lines = (from: number, count: number, bytes = 0) =>
  Array.from({ length: count }, (_, i) => String(from + i).padStart(bytes, "0"));

/** Has the place take all there is. */
async function drain(backlog: Backlog<string>, place: Place): Promise<void> {
  const end = backlog.end(60_000);
  for (let over = false; !over; ) {
    if (place.offered) await place.take();
    over = await Promise.race([end.then(() => true), settled().then(() => false)]);
  }
  expect(await end).toBe(0);
}

/**
 * Each line is there once and in order, and where some are missing a line says how many, before the next.
 * Returns how many are missing.
 */
function expectWhole(taken: readonly string[], added: number): number {
  let next = 0;
  let missing = 0;
  for (const line of taken) {
    const lost = /^lost (\d+)$/.exec(line)?.[1];
    if (lost) missing += Number(lost);
    if (lost) next += Number(lost);
    else if (Number(line) !== next++) throw new Error(`Cannot follow at ${line}: ${taken.slice(0, 100)}`);
  }
  expect(next).toBe(added);
  expect(taken.at(-1) ?? "").not.toMatch(/^lost/);
  return missing;
}

interface Step {
  readonly kind: "add" | "take" | "fail";
  readonly count: number;
  readonly bytes: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("add", "add", "take", "fail"),
  count: fc.oneof({ weight: 8, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(30) }),
  bytes: fc.constantFrom(1, 1, 1, 40_000),
});

test("of any lines, each is written once, in order, or counted where it is missing", async () => {
  const run = fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(step), async (mostLines, steps) => {
    const place = new Place();
    const backlog = backlogTo(place, mostLines);
    let added = 0;
    let sinceFailure: number | null = null;
    for (const { kind, count, bytes } of steps) {
      if (kind === "add") {
        backlog.add(lines(added, count, bytes));
        added += count;
        if (count > 0) sinceFailure = null;
        continue;
      }
      if (added > 0 && !place.offered) await maybeRetried(place);
      const offered = place.offered?.length ?? 0;
      if (kind === "take" || offered === 0) await place.take();
      else {
        await place.take(Math.min(count, offered - 1));
        sinceFailure = 0;
      }
    }
    const written = place.taken.length;
    await drain(backlog, place);
    const missing = expectWhole(place.taken, added);
    const waited = place.taken.slice(written).filter((line) => !line.startsWith("lost")).length;
    if (sinceFailure !== null) expect(waited).toBeLessThanOrEqual(mostLines);
    if (added <= mostLines) expect(missing).toBe(0);
  });
  await fc.assert(run, { numRuns: 400 });
});

/** Where a write failed and lines wait, it is tried again within a millisecond or two. */
async function maybeRetried(place: Place): Promise<void> {
  for (let i = 0; i < 3 && !place.offered; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("a backlog", () => {
  it("goes on after an event that had nothing to say", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 10);
    backlog.add([]);
    await settled();
    backlog.add(lines(0, 2));
    await drain(backlog, place);
    expect(place.taken).toEqual(["0", "1"]);
  });

  it("loses the oldest while a write hangs, and no line of those that are being written", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 3);
    for (let i = 0; i < 10; i++) backlog.add(lines(i, 1));
    expect(place.offered).toEqual(["0"]);
    backlog.add([]);
    await drain(backlog, place);
    expect(place.taken).toEqual(["0", "lost 6", "7", "8", "9"]);
  });

  it("loses those that were being written, too, when that fails and younger ones are gone", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 3);
    backlog.add(lines(0, 1));
    for (let i = 1; i < 6; i++) backlog.add(lines(i, 1));
    await place.take(0);
    await drain(backlog, place);
    expect(place.taken).toEqual(["lost 3", "3", "4", "5"]);
  });

  it("says again how many are missing where that line was not taken", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 2);
    for (let i = 0; i < 5; i++) backlog.add(lines(i, 1));
    await place.take();
    await waitFor("the next write", () => place.offered !== null);
    expect(place.offered).toEqual(["lost 2", "3", "4"]);
    await place.take(0);
    await waitFor("the next attempt", () => place.offered !== null);
    expect(place.offered).toEqual(["lost 2", "3", "4"]);
    await place.take(1);
    await waitFor("the next attempt", () => place.offered !== null);
    expect(place.offered).toEqual(["3", "4"]);
    await drain(backlog, place);
  });

  it("loses nothing of an event that alone is more than the limit, nor what comes while it is written", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 10);
    backlog.add(lines(0, 2_000, 100)); // 200,000 bytes are four writes
    for (let i = 0; i < 10; i++) backlog.add(lines(2_000 + i, 1));
    await drain(backlog, place);
    expect(expectWhole(place.taken, 2_010)).toBe(0);
    expect(place.writes).toBe(4);
  });

  it("makes no more lines at once than it hands over, for the next event waits meanwhile", async () => {
    const place = new Place();
    let made = 0;
    const encode = (line: string) => {
      made++;
      return Buffer.from(line);
    };
    const backlog = new Backlog<string>({
      ...{ mostLines: 10_000, restMs: 0, retryMs: 0, encode, sizeOf: ({ length }) => length },
      ...{ write: (all) => place.write(all), lostLine: () => Buffer.alloc(0) },
    });
    backlog.add(lines(0, 2_000, 100));
    expect(made).toBe(656); // 64 KB
    expect(place.offered).toHaveLength(656);
    await drain(backlog, place);
    expect(made).toBe(2_000);
  });

  it("keeps no more of it than the limit when the place takes nothing", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 10);
    backlog.add(lines(0, 2_000));
    await place.take(5);
    await drain(backlog, place);
    expect(place.taken.slice(4, 8)).toEqual(["4", "lost 1985", "1990", "1991"]);
    expect(place.taken).toHaveLength(16);
  });

  it("has its limit again when such an event has been written", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 10);
    backlog.add(lines(0, 30));
    await place.take();
    let added = 30;
    await waitFor("a standstill: what is added is written at once", async () => {
      backlog.add(lines(added++, 1));
      if (place.offered) return true;
      await waitFor("the write", () => place.offered !== null);
      await place.take();
      return false;
    });
    for (let i = 0; i < 30; i++) backlog.add(lines(added++, 1));
    await drain(backlog, place);
    expect(expectWhole(place.taken, added)).toBe(20);
  });

  it("loses no long line where all are taken, however many", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 1_000);
    for (let i = 0; i < 100; i++) {
      backlog.add(lines(i, 1, 1 << 20));
      await waitFor("the write", () => place.offered !== null);
      await place.take();
    }
    expect(expectWhole(place.taken, 100)).toBe(0);
  });

  it("holds no more than 64 MB of long lines where each write fails", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 1_000);
    for (let i = 0; i < 100; i++) {
      backlog.add(lines(i, 1, 1 << 20));
      await waitFor("the write", () => place.offered !== null);
      await place.take(0);
    }
    await drain(backlog, place);
    expect(expectWhole(place.taken, 100)).toBe(36);
  });

  it("holds no more than 64 MB of long lines", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 1_000);
    for (let i = 0; i < 100; i++) backlog.add(lines(i, 1, 1 << 20));
    await drain(backlog, place);
    const missing = Number(/^lost (\d+)$/.exec(place.taken[1] ?? "")?.[1]);
    expect(missing).toBeGreaterThan(30);
    expect(missing).toBeLessThan(40);
    expect(place.taken).toHaveLength(101 - missing);
  });
});

describe("the end of a backlog", () => {
  it("is not waited for longer than told, and knows what is lost with it", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 3);
    for (let i = 0; i < 10; i++) backlog.add(lines(i, 1));
    expect(await backlog.end(1)).toBe(10); // one is being written, six are gone, three wait
  });

  it("is at once where nothing waits", async () => {
    expect(await backlogTo(new Place(), 3).end(60_000)).toBe(0);
  });

  it("comes after one more attempt, which does not wait for its time", async () => {
    const place = new Place();
    const backlog = backlogTo(place, 5, 60_000);
    backlog.add(lines(0, 3));
    await place.take(1);
    const end = backlog.end(60_000);
    await waitFor("the last attempt", () => place.offered !== null);
    expect(place.offered).toEqual(["1", "2"]);
    await place.take(1);
    expect(await end).toBe(1);
  });
});
