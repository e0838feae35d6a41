import { expect } from "vitest";

/** Expects stdout to be an error object (SPEC 1.1.0, section 5), and returns it. */
export function expectErrorObject(stdout: Buffer, code: number): Readonly<Record<string, unknown>> {
  const error = JSON.parse(stdout.toString()) as Record<string, unknown>;
  expect(Object.keys(error)).toEqual(["cniVersion", "code", "msg", "details"]);
  expect(error).toEqual({
    cniVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
    code,
    msg: expect.stringMatching(/./),
    details: expect.any(String),
  });
  return error;
}
