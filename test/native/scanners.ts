import { afterAll, beforeAll, expect } from "vitest";
import type { Scan } from "../../src/native/host.ts";
import { DRIVER_KINDS, type DriverLimits, driverRequest, ScanDriver } from "./scan-driver.ts";
import { scanTwin } from "./twin/twin-scan.ts";

export const LIMITS: DriverLimits = { depthLimit: 64, secretLimit: 8, everywhere: true };

/** The last bytes of a text are passed one by one: these are not, but for some of the white space. */
export function padded(text: string): Buffer {
  return Buffer.from(text + " ".repeat(20));
}

/** What must agree: the spans of an invalid text need not. */
function essence(scan: Scan): Partial<Scan> {
  return scan.error === 0 ? scan : { error: scan.error, at: scan.at };
}

/** Runs the scanners of all kinds for the tests of a file. */
export function useScanners() {
  let drivers: ScanDriver[] = [];
  beforeAll(async () => {
    drivers = await Promise.all(DRIVER_KINDS.map((kind) => ScanDriver.start(kind)));
  });
  afterAll(() => {
    for (const driver of drivers) driver.stop();
  });

  /** All must agree with the twin on a text. Returns what they found. */
  async function agreeAs(text: Uint8Array, limits: DriverLimits): Promise<Scan> {
    const expected = scanTwin(text, driverRequest(limits));
    const scans = await Promise.all(drivers.map((driver) => driver.scan(text, limits)));
    for (const scan of scans) expect(essence(scan)).toEqual(essence(expected));
    return scans[0] ?? expected;
  }

  /** The same, searched whole and in its members only. Returns the first. */
  async function agree(text: Uint8Array, limits = LIMITS): Promise<Scan> {
    const scan = await agreeAs(text, limits);
    await agreeAs(text, { ...limits, everywhere: false, anyValue: true });
    return scan;
  }

  return { agree, agreeAs };
}
