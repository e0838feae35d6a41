import { expect } from "vitest";
import type { NriError } from "../../../src/nri/nri-error.ts";
import { ObserverCodec } from "../../../src/observe/codec.ts";
import { ObserverDriver } from "../../../src/observe/driver.ts";
import { Observer, type ObserverReport } from "../../../src/observe/observer.ts";
import { PodReader } from "../../../src/observe/pod-record.ts";
import { TwinFieldHost } from "../../native/twin/twin-field-host.ts";
import { registered, responseOf } from "../../nri/support/calls.ts";
import { type Sent, SentReader } from "../../nri/support/messages.ts";
import { factsOf } from "./records.ts";

/** An observer's driver without a socket, whose clock the test sets. */
export class MemoryObserver {
  readonly driver: ObserverDriver;
  readonly log: string[] = [];
  readonly configurations: string[] = [];
  readonly reports: ObserverReport[] = [];
  onConfigure: (config: string) => void = () => {};
  afterAnswer: (act: () => void) => void = (act) => void this.#later.push(act);
  /** Why it ended. */
  end: NriError | undefined;
  nowMs = 0;
  readonly #later: (() => void)[] = [];
  readonly #written: Uint8Array[] = [];
  readonly #reader = new SentReader();

  constructor() {
    const host = new TwinFieldHost();
    const pods = new PodReader(host);
    const observer = new Observer({
      now: () => this.nowMs,
      afterAnswer: (act) => this.afterAnswer(act),
      report: (report) => void this.reports.push(report),
      idOf: (record) => pods.idOf(record),
    });
    this.driver = new ObserverDriver(
      {
        ...{
          identity: { name: "network-logger", index: "10" },
          codec: new ObserverCodec(host, pods),
          observer,
        },
        configure: (config) => {
          this.configurations.push(config);
          this.onConfigure(config);
        },
        log: (level, message) => void this.log.push(`${level}: ${message}`),
      },
      {
        write: (bytes) => void this.#written.push(bytes),
        close: (error) => {
          expect(this.end).toBeUndefined();
          this.end = error;
        },
        now: () => this.nowMs,
      },
    );
  }

  /** One that is registered. */
  static open(): MemoryObserver {
    const observer = new MemoryObserver();
    observer.driver.open();
    observer.driver.receive(registered);
    observer.sent();
    return observer;
  }

  /** The messages written since the last call. */
  sent(): Sent[] {
    return this.#written.splice(0).flatMap((bytes) => this.#reader.push(bytes));
  }

  /** What is reported of the events that were answered: event and ID of each pod. */
  reported(): string[] {
    for (const act of this.#later.splice(0)) act();
    const pods = this.reports.splice(0).flatMap((report) => report.pods);
    return pods.map(({ event, record }) => `${event} ${factsOf(record).id}`);
  }
}

/** What the observer answers to a call at once. */
export function ask(observer: MemoryObserver, bytes: Uint8Array) {
  observer.driver.receive(bytes);
  const sent = observer.sent();
  expect(sent).toHaveLength(1);
  const { status, payload } = responseOf(sent[0]);
  return { status: status && [status.code, status.message], payload, streamId: sent[0]?.streamId };
}
