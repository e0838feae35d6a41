import { describe, expect, it } from "vitest";
import { asByteString } from "../../src/log/byte-string.ts";
import { SOCKET, WRITER } from "../../src/native/observe-host.ts";
import { TwinObserveHost } from "../native/twin/twin-observe-host.ts";
import { settled, Turns } from "./support/turns.ts";

function looped() {
  const host = new TwinObserveHost();
  const turns = new Turns(host);
  const heard: string[] = [];
  const hear = (what: string) => () => void heard.push(what);
  return { host, turns, loop: turns.loop, heard, hear };
}

describe("timers", () => {
  it("act in the order of their times, when they are due", async () => {
    const { host, turns, loop, heard, hear } = looped();
    for (const ms of [30, 10, 20]) loop.after(ms, hear(`${ms}`));
    await turns.pass(9);
    expect(heard).toEqual([]);
    await turns.pass(1);
    expect(heard).toEqual(["10"]);
    host.clock += 100; // the machine was busy
    turns.turn();
    expect(heard).toEqual(["10", "20", "30"]);
  });

  it("of the same time act in the order in which they were set", () => {
    const { host, turns, loop, heard, hear } = looped();
    for (const name of ["a", "b", "c"]) loop.after(5, hear(name));
    host.clock = 5;
    turns.turn();
    expect(heard).toEqual(["a", "b", "c"]);
  });

  it("that were cancelled do not act, also if another one cancels them", () => {
    const { host, turns, loop, heard, hear } = looped();
    const cancels = [1, 2, 3].map((ms) => loop.after(ms, hear(`${ms}`)));
    cancels[0]?.();
    loop.after(2, () => cancels[2]?.());
    host.clock = 10;
    turns.turn();
    turns.turn();
    expect(heard).toEqual(["2"]);
    cancels[1]?.(); // after it has acted
  });

  it("that are set by a timer act in a later turn", () => {
    const { host, turns, loop, heard } = looped();
    const again = (left: number) => () => {
      heard.push(`${left}`);
      if (left > 0) loop.after(0, again(left - 1));
    };
    loop.after(0, again(2));
    for (const wanted of [["2"], ["2", "1"], ["2", "1", "0"], ["2", "1", "0"]]) {
      turns.turn();
      expect(heard).toEqual(wanted);
    }
    expect(host.waits.slice(0, 3).map(({ ms }) => ms)).toEqual([0, 0, 0]);
  });

  it.each([
    ["none", [], 2 ** 31 - 1],
    ["the next", [500, 70.2, 900], 71],
    ["one that is due", [-5], 0],
    ["one in a year", [1e13], 2 ** 31 - 1],
    ["one that never comes", [Number.POSITIVE_INFINITY], 2 ** 31 - 1],
  ])("are waited for, here: %s", (_, delays, wanted) => {
    const { host, turns, loop } = looped();
    for (const ms of delays) loop.after(ms, () => {});
    turns.turn();
    expect(host.waits).toEqual([{ ms: wanted, reading: 0 }]);
  });
});

describe("afterAnswer", () => {
  it("acts after all sockets and writers were served, in order, and before timers", () => {
    const { host, turns, loop, heard, hear } = looped();
    host.connect(SOCKET.nri, asByteString("/n"));
    host.connect(SOCKET.cri, asByteString("/c"));
    for (const peer of host.peers) peer.give(Buffer.from("x"));
    host.write(WRITER.log, null, []);
    loop.after(0, hear("timer"));
    loop.onReadable(SOCKET.nri, () => {
      heard.push("nri");
      loop.afterAnswer(hear("first"));
      loop.afterAnswer(hear("second"));
    });
    loop.onReadable(SOCKET.cri, hear("cri"));
    loop.onWritten(WRITER.log, hear("written"));
    turns.turn();
    expect(heard).toEqual(["nri", "cri", "written", "first", "second", "timer"]);
  });

  it("of what acts after an answer acts in the next turn, which does not wait", () => {
    const { host, turns, loop, heard, hear } = looped();
    loop.afterAnswer(() => loop.afterAnswer(hear("later")));
    turns.turn();
    expect(heard).toEqual([]);
    turns.turn();
    expect(heard).toEqual(["later"]);
    expect(host.waits.map(({ ms }) => ms)).toEqual([0, 0]);
  });

  it("does not wait for an event if there is none to come", async () => {
    const { host, turns, loop, heard, hear } = looped();
    await settled();
    loop.afterAnswer(hear("at once"));
    turns.turn();
    expect(heard).toEqual(["at once"]);
    expect(host.waits).toEqual([{ ms: 0, reading: 0 }]);
  });
});

describe("sockets", () => {
  it("are read as long as somebody wants to", () => {
    const { host, turns, loop, heard, hear } = looped();
    host.connect(SOCKET.nri, asByteString("/n"));
    host.peers[0]?.give(Buffer.from("x"));
    turns.turn();
    loop.onReadable(SOCKET.nri, hear("first"));
    turns.turn();
    loop.onReadable(SOCKET.nri, hear("other"));
    turns.turn();
    loop.onReadable(SOCKET.nri, null);
    turns.turn();
    expect(heard).toEqual(["first", "other"]);
    expect(host.waits.map(({ reading }) => reading)).toEqual([0, 1, 1, 0]);
  });

  it("that nobody listens to any more, since another one's bytes came first, are left alone", () => {
    const { host, turns, loop, heard, hear } = looped();
    host.connect(SOCKET.nri, asByteString("/n"));
    host.connect(SOCKET.cri, asByteString("/c"));
    for (const peer of host.peers) peer.give(Buffer.from("x"));
    loop.onReadable(SOCKET.nri, () => loop.onReadable(SOCKET.cri, null));
    loop.onReadable(SOCKET.cri, hear("cri"));
    turns.turn();
    expect(heard).toEqual([]);
  });
});

it("a signal is heard first", () => {
  const { host, turns, loop, heard, hear } = looped();
  host.connect(SOCKET.nri, asByteString("/n"));
  host.peers[0]?.give(Buffer.from("x"));
  host.signalled = true;
  loop.onReadable(SOCKET.nri, hear("nri"));
  loop.onSignal(hear("signal"));
  turns.turn();
  expect(heard).toEqual(["signal", "nri"]);
});

it("garbage is collected after many events, when there is nothing to do", () => {
  const { host, turns, loop } = looped();
  for (let i = 0; i < 1_500; i++) {
    loop.after(0, () => {});
    turns.turn(); // there is always something
  }
  expect(host.collections).toBe(0);
  turns.turn();
  expect(host.collections).toBe(1);
  for (let i = 0; i < 249; i++) turns.turn();
  expect(host.collections).toBe(1);
  for (let i = 0; i < 2; i++) turns.turn();
  expect(host.collections).toBe(2);
});
