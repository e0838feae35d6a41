import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Adjustment } from "../../src/nri/adjustment.ts";
import { type EventName, eventNames } from "../../src/nri/events.ts";
import { RegisterPluginRequestSchema } from "../../src/nri/gen/api_pb.js";
import { RequestSchema } from "../../src/nri/gen/ttrpc_pb.js";
import type { Handlers } from "../../src/nri/handlers.ts";
import { MemoryPlugin, settle } from "./support/memory-plugin.ts";
import { SentReader } from "./support/messages.ts";
import { cut, type Stream, streams } from "./support/streams.ts";

const emptyAdjustment = () => ({ adjust: {} });
/** The logger's events in the order of its recording. */
const loggerEvents = [
  "runPodSandbox",
  "createContainer",
  "validateContainerAdjustment",
  "postCreateContainer",
  "startContainer",
  "postStartContainer",
  "updateContainer",
  "postUpdateContainer",
  "updatePodSandbox",
  "postUpdatePodSandbox",
  "stopContainer",
  "removeContainer",
  "stopPodSandbox",
  "removePodSandbox",
];
const pods = ["runPodSandbox", "stopPodSandbox", "removePodSandbox"] as const;

/** Handlers that put on the wire what the recorded plugins did. */
const plugins: Record<string, { handlers: Handlers; failRequests?: boolean }> = {
  "device-injector": { handlers: { createContainer: emptyAdjustment } },
  "hook-injector": {
    handlers: {
      createContainer: () => ({ adjust: withHooks() }),
    },
  },
  logger: { handlers: { ...listen(eventNames), createContainer: emptyAdjustment } },
  "network-logger-new": { handlers: listen(pods) },
  "network-logger-old": { handlers: listen(pods) },
  "ulimit-adjuster": {
    failRequests: true,
    handlers: {
      createContainer(pod) {
        const [value = ""] = Object.values(pod.annotations);
        if (value.includes("bogus")) throw new Error('failed to parse type: "bogus"');
        return { adjust: new Adjustment().addRlimit("RLIMIT_NOFILE", 4096, 1024) };
      },
    },
  },
};

function withHooks(): Adjustment {
  const hook = { path: "/bin/true", args: ["x", "y"], env: ["A=1"], timeout: 5 };
  return new Adjustment().addHook("createRuntime", hook).addHook("poststop", hook);
}

/** The recorded events. */
function recordedEvents({ name }: Stream): readonly string[] {
  if (name.startsWith("network-logger")) return pods;
  if (!name.startsWith("logger")) return ["createContainer"];
  return loggerEvents;
}

function listen(names: readonly EventName[]): Handlers {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}

/** Sends a stream to our plugin. Returns the bytes that it wrote and the handlers' arguments. */
async function replay(stream: Stream, chunks: Iterable<Uint8Array>) {
  const { handlers, failRequests = false } = plugins[stream.name.split(".")[0] ?? ""] ?? { handlers: {} };
  const seen: unknown[][] = [];
  const watched = Object.entries(handlers).map(([name, handler]) => [
    name,
    (...args: unknown[]) => {
      seen.push([name, ...args.slice(0, -1)]);
      return Reflect.apply(handler, handlers, args);
    },
  ]);
  const plugin = new MemoryPlugin(
    {
      ...Object.fromEntries(watched),
      async synchronize(state) {
        seen.push(["synchronize", await state.collect()]);
        return undefined;
      },
    },
    failRequests,
  );
  plugin.open();
  for (const chunk of chunks) plugin.driver.receive(chunk);
  await settle();
  expect(plugin.end).toBeUndefined();
  const [register = new Uint8Array(0), ...answers] = plugin.written;
  // The runtime waited for each answer. Here all calls come at once, and are answered when their handlers are done.
  return { seen, register, answers: answers.map(hex).sort(byStream) };
}

/** The recorded answers: all frames but the first, the registration. */
function recordedAnswers({ toRuntime }: Stream): string[] {
  const frames: string[] = [];
  const view = new DataView(toRuntime.buffer, toRuntime.byteOffset, toRuntime.length);
  for (let at = 0; at < toRuntime.length; ) {
    const end = at + 8 + view.getUint32(at + 4);
    frames.push(hex(toRuntime.subarray(at, end)));
    at = end;
  }
  return frames.slice(1);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Compares the stream IDs of the messages in two frames, after both lengths and the connection. */
function byStream(a: string, b: string): number {
  const stream = (frame: string) => Number.parseInt(frame.slice(24, 32), 16);
  return stream(a) - stream(b);
}

describe.each(streams)("the stream $name", (stream) => {
  it("is answered with the bytes of Go's plugin", async () => {
    const { seen, answers } = await replay(stream, [stream.toPlugin]);
    expect(answers).toEqual(recordedAnswers(stream));
    expect(seen.map(([name]) => name)).toEqual([...recordedEvents(stream), "synchronize"]);
  });

  it("is answered the same in pieces of any length", async () => {
    const whole = await replay(stream, [stream.toPlugin]);
    expect(await replay(stream, cut(stream.toPlugin, [1]))).toEqual(whole);
    const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(lengths, async (some) => {
        expect(await replay(stream, cut(stream.toPlugin, some))).toEqual(whole);
      }),
    );
  });

  it("begins with Go's registration, except for name, version and timeout", async () => {
    const { register } = await replay(stream, [stream.toPlugin]);
    const [ours, gos] = [register, stream.toRuntime].map((bytes) => new SentReader().push(bytes)[0]);
    for (const sent of [ours, gos]) {
      expect(sent).toMatchObject({ connection: 2, streamId: 1, type: 1 });
      const request = fromBinary(RequestSchema, sent?.payload ?? new Uint8Array(0));
      expect(request).toMatchObject({ service: "nri.pkg.api.v1alpha1.Runtime", method: "RegisterPlugin" });
      expect(request.timeoutNano).toBeGreaterThan(0n);
      expect(fromBinary(RegisterPluginRequestSchema, request.payload).pluginIdx).toBe("10");
    }
  });
});
