import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { waitFor } from "../../scripts/containerd/wait.ts";
import { Backlog } from "../../src/nri/backlog.ts";
import { timer } from "../../src/nri/nodejs/timer.ts";

/** A destination that takes lines when the test says so. */
class Destination {
  /** The lines that it took, in order. */
  readonly taken: string[] = [];
  /** The lines of the current write, or null. */
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

  /** Ends the write after it took this many lines. */
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

function backlogTo(destination: Destination, mostLines: number, retryMs = 0): Backlog<string, Buffer> {
  return new Backlog<string, Buffer>({
    after: timer,
    ...{ mostLines, restMs: 0, retryMs, encode: Buffer.from, sizeOf: ({ length }) => length },
    write: (lines) => destination.write(lines),
    lostLine: (count) => Buffer.from(`lost ${count}`),
  });
}

const lines = (from: number, count: number, bytes = 0) =>
  Array.from({ length: count }, (_, i) => String(from + i).padStart(bytes, "0"));

/** Ends the backlog, and lets the destination take everything. */
async function drain(backlog: Backlog<string, Buffer>, destination: Destination): Promise<void> {
  const end = backlog.end(60_000);
  for (let over = false; !over; ) {
    if (destination.offered) await destination.take();
    over = await Promise.race([end.then(() => true), settled().then(() => false)]);
  }
  expect(await end).toBe(0);
}

/**
 * Expects each line once and in order. Where lines are missing, a line before the next one says how many.
 * Returns how many are missing.
 */
function expectWhole(taken: readonly string[], added: number): number {
  let next = 0;
  let missing = 0;
  for (const line of taken) {
    const lost = /^lost (\d+)$/.exec(line)?.[1];
    if (lost) missing += Number(lost);
    if (lost) next += Number(lost);
    else if (Number(line) !== next++)
      throw new Error(`Line ${next - 1} is not ${line}: ${taken.slice(0, 100)}`);
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

test("every line is written once and in order, or counted as lost", async () => {
  const run = fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(step), async (mostLines, steps) => {
    const destination = new Destination();
    const backlog = backlogTo(destination, mostLines);
    let added = 0;
    let sinceFailure: number | null = null;
    for (const { kind, count, bytes } of steps) {
      if (kind === "add") {
        backlog.add(lines(added, count, bytes));
        added += count;
        if (count > 0) sinceFailure = null;
        continue;
      }
      if (added > 0 && !destination.offered) await maybeRetried(destination);
      const offered = destination.offered?.length ?? 0;
      if (kind === "take" || offered === 0) await destination.take();
      else {
        await destination.take(Math.min(count, offered - 1));
        sinceFailure = 0;
      }
    }
    const written = destination.taken.length;
    await drain(backlog, destination);
    const missing = expectWhole(destination.taken, added);
    const waited = destination.taken.slice(written).filter((line) => !line.startsWith("lost")).length;
    if (sinceFailure !== null) expect(waited).toBeLessThanOrEqual(mostLines);
    if (added <= mostLines) expect(missing).toBe(0);
  });
  await fc.assert(run, { numRuns: 400 });
});

/** If a write failed and lines wait, it is tried again within a millisecond or two. */
async function maybeRetried(destination: Destination): Promise<void> {
  for (let i = 0; i < 3 && !destination.offered; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("a backlog", () => {
  it("goes on after an event without lines", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 10);
    backlog.add([]);
    await settled();
    backlog.add(lines(0, 2));
    await drain(backlog, destination);
    expect(destination.taken).toEqual(["0", "1"]);
  });

  it("loses the oldest waiting lines while a write hangs, and none that is being written", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 3);
    for (let i = 0; i < 10; i++) backlog.add(lines(i, 1));
    expect(destination.offered).toEqual(["0"]);
    backlog.add([]);
    await drain(backlog, destination);
    expect(destination.taken).toEqual(["0", "lost 6", "7", "8", "9"]);
  });

  it("also loses the lines that were being written if that fails and newer ones are lost", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 3);
    backlog.add(lines(0, 1));
    for (let i = 1; i < 6; i++) backlog.add(lines(i, 1));
    await destination.take(0);
    await drain(backlog, destination);
    expect(destination.taken).toEqual(["lost 3", "3", "4", "5"]);
  });

  it("reports again how many lines are lost if that report was not taken", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 2);
    for (let i = 0; i < 5; i++) backlog.add(lines(i, 1));
    await destination.take();
    await waitFor("the next write", () => destination.offered !== null);
    expect(destination.offered).toEqual(["lost 2", "3", "4"]);
    await destination.take(0);
    await waitFor("the next attempt", () => destination.offered !== null);
    expect(destination.offered).toEqual(["lost 2", "3", "4"]);
    await destination.take(1);
    await waitFor("the next attempt", () => destination.offered !== null);
    expect(destination.offered).toEqual(["3", "4"]);
    await drain(backlog, destination);
  });

  it("loses nothing of an event larger than the limit, nor of what comes while it is written", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 10);
    backlog.add(lines(0, 2_000, 100)); // 200,000 bytes are four writes
    for (let i = 0; i < 10; i++) backlog.add(lines(2_000 + i, 1));
    await drain(backlog, destination);
    expect(expectWhole(destination.taken, 2_010)).toBe(0);
    expect(destination.writes).toBe(4);
  });

  it("encodes at once only the lines that it writes, so that the next event does not wait", async () => {
    const destination = new Destination();
    let made = 0;
    const encode = (line: string) => {
      made++;
      return Buffer.from(line);
    };
    const backlog = new Backlog<string, Buffer>({
      after: timer,
      ...{ mostLines: 10_000, restMs: 0, retryMs: 0, encode, sizeOf: ({ length }) => length },
      ...{ write: (all) => destination.write(all), lostLine: () => Buffer.alloc(0) },
    });
    backlog.add(lines(0, 2_000, 100));
    expect(made).toBe(656); // 64 KB
    expect(destination.offered).toHaveLength(656);
    await drain(backlog, destination);
    expect(made).toBe(2_000);
  });

  it("keeps only the limit's lines of a large event if a write of it fails", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 10);
    backlog.add(lines(0, 2_000));
    await destination.take(5);
    await drain(backlog, destination);
    expect(destination.taken.slice(4, 8)).toEqual(["4", "lost 1985", "1990", "1991"]);
    expect(destination.taken).toHaveLength(16);
  });

  it("keeps to its limit again after a large event is written", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 10);
    backlog.add(lines(0, 30));
    await destination.take();
    let added = 30;
    await waitFor("a line that is written at once", async () => {
      backlog.add(lines(added++, 1));
      if (destination.offered) return true;
      await waitFor("the write", () => destination.offered !== null);
      await destination.take();
      return false;
    });
    for (let i = 0; i < 30; i++) backlog.add(lines(added++, 1));
    await drain(backlog, destination);
    expect(expectWhole(destination.taken, added)).toBe(20);
  });

  it("loses no long line if all are taken", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 1_000);
    for (let i = 0; i < 100; i++) {
      backlog.add(lines(i, 1, 1 << 20));
      await waitFor("the write", () => destination.offered !== null);
      await destination.take();
    }
    expect(expectWhole(destination.taken, 100)).toBe(0);
  });

  it("holds at most 64 MB of long lines if each write fails", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 1_000);
    for (let i = 0; i < 100; i++) {
      backlog.add(lines(i, 1, 1 << 20));
      await waitFor("the write", () => destination.offered !== null);
      await destination.take(0);
    }
    await drain(backlog, destination);
    expect(expectWhole(destination.taken, 100)).toBe(36);
  });

  it("holds at most 64 MB of long lines while a write hangs", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 1_000);
    for (let i = 0; i < 100; i++) backlog.add(lines(i, 1, 1 << 20));
    await drain(backlog, destination);
    const missing = Number(/^lost (\d+)$/.exec(destination.taken[1] ?? "")?.[1]);
    expect(missing).toBeGreaterThan(30);
    expect(missing).toBeLessThan(40);
    expect(destination.taken).toHaveLength(101 - missing);
  });
});

describe("the end of a backlog", () => {
  it("comes after the given time at the latest, and reports how many lines are lost", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 3);
    for (let i = 0; i < 10; i++) backlog.add(lines(i, 1));
    expect(await backlog.end(1)).toBe(10); // one is being written, six are gone, three wait
  });

  it("comes at once if nothing waits", async () => {
    expect(await backlogTo(new Destination(), 3).end(60_000)).toBe(0);
  });

  it("comes after one more attempt, which is made at once", async () => {
    const destination = new Destination();
    const backlog = backlogTo(destination, 5, 60_000);
    backlog.add(lines(0, 3));
    await destination.take(1);
    const end = backlog.end(60_000);
    await waitFor("the last attempt", () => destination.offered !== null);
    expect(destination.offered).toEqual(["1", "2"]);
    await destination.take(1);
    expect(await end).toBe(1);
  });
});
