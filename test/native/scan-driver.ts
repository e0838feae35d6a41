import type { Scan } from "../../src/native/host.ts";
import { LineDriver } from "./line-driver.ts";
import type { ScanRequest } from "./twin/twin-scan.ts";

/** The members that scan-driver.c asks for. */
export const DRIVER_MEMBERS = ["cniVersion", "name", "prevResult", "logFile", "label"];

/** The ways to pass strings: what a processor has, how long a text is. */
export const DRIVER_KINDS = ["avx", "sse2", "portable"] as const;
export type DriverKind = (typeof DRIVER_KINDS)[number];

const FLAGS: Readonly<Record<DriverKind, string>> = {
  avx: "-DASK_FROM_BYTES=0",
  sse2: "-DASK_FROM_BYTES=SIZE_MAX",
  portable: "-U__SSE2__",
};

/** What differs from scan to scan. */
export type DriverLimits = Omit<ScanRequest, "members">;

/** The request that the driver's scans correspond to. */
export function driverRequest(limits: DriverLimits): ScanRequest {
  return { members: DRIVER_MEMBERS, ...limits };
}

/** scan.c in a process of its own. */
export class ScanDriver {
  readonly #driver: LineDriver;

  private constructor(driver: LineDriver) {
    this.#driver = driver;
  }

  static async start(kind: DriverKind): Promise<ScanDriver> {
    const core = [
      "scan",
      "json-string",
      "json-string-searched",
      "pair",
      "secret",
      "secret-key",
      "secret-parts",
    ];
    const sources = core.map((name) => `core/${name}`);
    return new ScanDriver(await LineDriver.start("scan-driver", sources, kind, [FLAGS[kind]]));
  }

  /** Scans one text. Throws if the driver has crashed. */
  async scan(text: Uint8Array, limits: DriverLimits): Promise<Scan> {
    const { depthLimit, secretLimit, everywhere, cut = -1, anyValue = false } = limits;
    const head = [text.length, depthLimit, secretLimit, Number(everywhere), cut, Number(anyValue)];
    const numbers = (await this.#driver.ask(head.join(" "), text)).split(" ").map(Number);
    const [error = -1, at = -1, start = 0, end = 0, rawNewline = 0, overflow = 0, cuts = 0] = numbers;
    const rest = 7 + 2 * DRIVER_MEMBERS.length;
    return {
      error,
      at,
      start,
      end,
      rawNewline: rawNewline === 1,
      overflow: overflow === 1,
      members: numbers.slice(7, rest),
      secrets: numbers.slice(rest + 2 * cuts),
      ...(cut < 0 ? {} : { cuts: numbers.slice(rest, rest + 2 * cuts) }),
    };
  }

  stop(): void {
    this.#driver.stop();
  }
}
