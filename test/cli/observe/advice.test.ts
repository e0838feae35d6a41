import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { adviceFor, enableAdvice } from "../../../src/cli/observe/advice.ts";
import { NriError, type NriErrorCode, type NriErrorReason } from "../../../src/nri/nri-error.ts";
import { grpcFrame, listenOnScratch, replyGrpc, serveGrpc } from "../../support/grpc.ts";

afterEach(() => vi.unstubAllEnvs());

const waiting = () => new AbortController().signal;
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

/** Protocol Buffers: a field of bytes. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** Starts a runtime with these facts. */
async function useRuntime(name: string, version: string, cniConfig = ""): Promise<void> {
  const info = field(2, Buffer.concat([field(1, "cniconfig"), field(2, cniConfig)]));
  const about = Buffer.concat([field(1, "0.1.0"), field(2, name), field(3, version)]);
  const socket = await serveGrpc((stream, path) =>
    replyGrpc(stream, grpcFrame(path.endsWith("/Version") ? about : info)),
  );
  vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", `unix://${socket}`);
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
    expect(await adviceFor(new NriError(code, words, { reason }), waiting())).toBe(advice);
  });

  it("names the running runtime and how to switch NRI on in it", async () => {
    await useRuntime("containerd", "v2.1.9");
    expect(await adviceFor(missing, waiting())).toBe(`containerd v2.1.9 runs here, ${CONTAINERD_2}`);
    const refused = new NriError("connect", "nobody listens there", { reason: "refused" });
    expect(await adviceFor(refused, waiting())).toBe(`containerd v2.1.9 runs here, ${CONTAINERD_2}`);
  });

  it.each([
    ["containerd", "1.7.27", "containerd 1.7.27 runs here, with NRI off by default: set disable = false in "],
    ["containerd", "v1.7.0", "containerd v1.7.0 runs here, with NRI off by default: set disable = false in "],
    ["containerd", "10.0.0", "containerd 10.0.0 runs here, with NRI on by default: "],
    ["cri-o", "1.33.0", "cri-o 1.33.0 runs here: it wants enable_nri = true in [crio.nri] of a file in "],
  ])("for %s %s", (name, version, advice) => {
    expect(enableAdvice({ name, version }).startsWith(advice)).toBe(true);
  });

  it("is general if no runtime answers", async () => {
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", "unix:///nowhere/cri.sock");
    expect(await adviceFor(missing, waiting())).toMatch(NOBODY);
    expect(enableAdvice(null)).toMatch(NOBODY);
  });

  it.each([["{ this is no JSON"], ['{"Networks":5}'], ['{"Networks":[null]}']])(
    "is general if the runtime's facts are %s",
    async (config) => {
      await useRuntime("containerd", "2.0", config);
      expect(await adviceFor(missing, waiting())).toMatch(NOBODY);
    },
  );

  it("is general if the runtime never answers or the wait is aborted", async () => {
    const sockets: Socket[] = [];
    const silent = await listenOnScratch(
      createServer((peer) => void sockets.push(peer.on("error", () => {}))),
    );
    onTestFinished(() => sockets.forEach((one) => void one.destroy()));
    vi.stubEnv("CONTAINER_RUNTIME_ENDPOINT", silent);
    expect(await adviceFor(missing, waiting())).toMatch(NOBODY);
    const stop = new AbortController();
    const advice = adviceFor(missing, stop.signal);
    stop.abort();
    expect(await advice).toMatch(NOBODY);
  });
});
