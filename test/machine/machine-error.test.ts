import { expect, test } from "vitest";
import { cannot, causeOf, MachineError } from "../../src/machine/machine-error.ts";

const failure = (code: string) => Object.assign(new Error(`${code}: no`), { code, syscall: "open" });

test.each([
  ["ENOENT", "Cannot do it: it is not there"],
  ["EACCES", "Cannot do it: permission denied\nRun it as root."],
  ["EPERM", "Cannot do it: not permitted\nRun it as root."],
  ["EROFS", "Cannot do it: the file system is read-only"],
  ["EIO", "Cannot do it: EIO"],
])("cannot() explains %s of a system call", (code, message) => {
  const cause = failure(code);
  const error = cannot("do it", cause);
  expect(error).toBeInstanceOf(MachineError);
  expect(error).toMatchObject({ message, cause });
});

test("cannot() returns other errors unchanged", () => {
  const others = [new TypeError("x"), Object.assign(new Error("x"), { code: "ERR_X" }), "x"];
  for (const error of others) expect(cannot("do it", error)).toBe(error);
  expect(causeOf("x")).toBe("x");
});
