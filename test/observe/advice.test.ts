import { describe, expect, it } from "vitest";
import { NriError, type NriErrorCode, type NriErrorReason } from "../../src/nri/nri-error.ts";
import { adviceFor, enableAdvice } from "../../src/observe/advice.ts";

const nobody = async () => null;
const missing = new NriError("connect", "it is not there", { reason: "absent" });
const NAME_SOCKET = "Specify the runtime's NRI socket with --socket; the default is /var/run/nri/nri.sock.";
const REJECTED =
  "The runtime was reached and refuses this plugin: choose another --name or --idx if another plugin has these, " +
  "or look at the runtime's configuration of NRI.";
const CONTAINERD_2 =
  "with NRI on by default: look for disable = true or another socket_path in " +
  "[plugins.'io.containerd.nri.v1.nri'] of /etc/containerd/config.toml, and restart it; or specify its socket with --socket.";
const NOBODY =
  /^Is a runtime running here\? containerd 2 has NRI on by default, containerd 1\.7 wants disable = false .*, CRI-O enable_nri = true .*\.$/;

function unasked(): never {
  throw new Error("no runtime is to be asked");
}

describe("advice", () => {
  it.each<[NriErrorCode, NriErrorReason | undefined, string]>([
    ["connect", "denied", "Run it as root."],
    ["connect", "not-a-socket", NAME_SOCKET],
    ["connect", undefined, NAME_SOCKET],
    ["protocol", "no-nri", NAME_SOCKET],
    ["registration", "no-nri", NAME_SOCKET],
    ["disconnected", "no-nri", NAME_SOCKET],
    ["registration", "rejected", REJECTED],
    ["registration", undefined, ""],
    ["protocol", undefined, ""],
    ["disconnected", undefined, ""],
    ["timeout", undefined, ""],
  ])("for %s, %s", async (code, reason, advice) => {
    const words = "permission denied, it is not there"; // the advice does not depend on the message
    expect(await adviceFor(new NriError(code, words, { reason }), unasked)).toBe(advice);
  });

  it.each(["absent", "refused"] as const)(
    "names the running runtime and how to switch NRI on in it: %s",
    async (reason) => {
      const runtime = { name: "containerd", version: "v2.1.9" };
      const advice = await adviceFor(new NriError("connect", "x", { reason }), async () => runtime);
      expect(advice).toBe(`containerd v2.1.9 runs here, ${CONTAINERD_2}`);
    },
  );

  it.each([
    ["containerd", "1.7.27", "containerd 1.7.27 runs here, with NRI off by default: set disable = false in "],
    ["containerd", "v1.7.0", "containerd v1.7.0 runs here, with NRI off by default: set disable = false in "],
    ["containerd", "10.0.0", "containerd 10.0.0 runs here, with NRI on by default: "],
    ["cri-o", "1.33.0", "cri-o 1.33.0 runs here: it wants enable_nri = true in [crio.nri] of a file in "],
  ])("for %s %s", (name, version, advice) => {
    expect(enableAdvice({ name, version }).startsWith(advice)).toBe(true);
  });

  it("is general if no runtime answers", async () => {
    expect(await adviceFor(missing, nobody)).toMatch(NOBODY);
    expect(enableAdvice(null)).toMatch(NOBODY);
  });
});
