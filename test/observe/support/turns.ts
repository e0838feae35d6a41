import { Loop } from "../../../src/observe/loop.ts";
import { TurnOver, type TwinObserveHost } from "../../native/twin/twin-observe-host.ts";

/** A loop over the host's twin that is turned from outside, so that promises go on between its turns. */
export class Turns {
  readonly host: TwinObserveHost;
  readonly loop: Loop;
  readonly #never = new Promise<number>(() => {});

  constructor(host: TwinObserveHost) {
    this.host = host;
    this.loop = new Loop(host);
  }

  /** One turn, without waiting. */
  turn(): void {
    this.host.jobs = 0;
    try {
      this.loop.run(this.#never);
    } catch (error) {
      if (!(error instanceof TurnOver)) throw error;
    }
  }

  /** Turns until so many milliseconds have passed, and nothing is ready any more. */
  async pass(ms = 0): Promise<void> {
    const end = this.host.clock + ms;
    for (let idle = 0; idle < 3; ) {
      await settled();
      this.host.waitMost = end - this.host.clock;
      const [before, events] = [this.host.clock, this.#events];
      this.turn();
      idle = this.host.clock === before && this.#events === events && this.host.clock >= end ? idle + 1 : 0;
    }
    this.host.waitMost = 0;
  }

  /** What has happened so far. */
  get #events(): number {
    const { batches, peers } = this.host;
    return (
      batches.length +
      peers.reduce((sum, { sent, incoming }) => sum + sent.length - incoming.length, peers.length)
    );
  }
}

/** Waits until all pending promise callbacks have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
