import { type DescField, type DescMessage, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encode } from "../../src/nri/encode.ts";
import { eventNames } from "../../src/nri/events.ts";
import * as api from "../../src/nri/gen/api_pb.js";
import { RequestSchema, ResponseSchema } from "../../src/nri/gen/ttrpc_pb.js";
import { protobufCodec, protobufEnvelope } from "../../src/nri/protobuf-codec.ts";
import { FIELDS, ObserverCodec, PATHS, POD_CALLS } from "../../src/observe/codec.ts";
import { PodReader } from "../../src/observe/pod-record.ts";
import { TwinFieldHost } from "../native/twin/twin-field-host.ts";
import { factsOf, recordOf } from "./support/records.ts";
import { bytesField, varintField } from "./support/wire.ts";

const host = new TwinFieldHost();
const codec = new ObserverCodec(host, new PodReader(host));
const nothing = new Uint8Array(0);

/** The numbers of a message's fields by name; negative for those of varints, as in paths. */
function numbersOf(message: DescMessage, names: readonly string[]): Record<string, number> {
  const lengthDelimited = [9, 12]; // string and bytes (descriptor.proto, FieldDescriptorProto.Type)
  return Object.fromEntries(
    names.map((name) => {
      const field = message.field[name];
      if (!field) throw new Error(`no field ${name} in ${message.typeName}`);
      const scalar = field.fieldKind === "scalar" && !lengthDelimited.includes(field.scalar);
      return [name, scalar || field.fieldKind === "enum" ? -field.number : field.number];
    }),
  );
}

function messageOf({ message, name }: DescField): DescMessage {
  if (!message) throw new Error(`${name} is no message`);
  return message;
}

describe("the numbers of fields", () => {
  const { status: statusField } = ResponseSchema.field;
  const status = messageOf(statusField);
  it.each<[string, Readonly<Record<string, readonly number[]>>, DescMessage, Record<string, string>]>([
    ["Request", PATHS.request, RequestSchema, {}],
    ["ConfigureRequest", PATHS.configure, api.ConfigureRequestSchema, { nriVersion: "NRIVersion" }],
    ["SynchronizeRequest", PATHS.synchronize, api.SynchronizeRequestSchema, {}],
    ["StateChangeEvent", PATHS.stateChange, api.StateChangeEventSchema, {}],
    ["RunPodSandboxRequest", PATHS.podRequest, api.RunPodSandboxRequestSchema, {}],
    ["StopPodSandboxRequest", PATHS.podRequest, api.StopPodSandboxRequestSchema, {}],
    ["RemovePodSandboxRequest", PATHS.podRequest, api.RemovePodSandboxRequestSchema, {}],
  ])("that are read are those of %s", (_, paths, schema, renamed) => {
    for (const [name, path] of Object.entries(paths)) {
      const own = renamed[name] ?? name;
      expect(path, name).toEqual([numbersOf(schema, [own])[own]]);
    }
  });

  it("that are read are those of Response and its status", () => {
    const { code, message } = numbersOf(status, ["code", "message"]);
    expect(PATHS.response).toEqual({
      ...{ status: [statusField.number], payload: [ResponseSchema.field.payload.number] },
      ...{ code: [statusField.number, code], message: [statusField.number, message] },
    });
  });

  it("that are written are those of the API", () => {
    const absolute = (message: DescMessage, names: Record<string, string>) =>
      Object.fromEntries(Object.entries(names).map(([own, name]) => [own, message.field[name]?.number]));
    expect(FIELDS).toEqual({
      request: absolute(RequestSchema, {
        service: "service",
        method: "method",
        payload: "payload",
        timeoutNano: "timeoutNano",
      }),
      response: absolute(ResponseSchema, { status: "status", payload: "payload" }),
      status: absolute(status, { code: "code", message: "message" }),
      registration: absolute(api.RegisterPluginRequestSchema, {
        ...{ pluginName: "pluginName", pluginIdx: "pluginIdx", nriVersion: "NRIVersion" },
      }),
      configured: absolute(api.ConfigureResponseSchema, { events: "events" }),
      synchronized: absolute(api.SynchronizeResponseSchema, { more: "more" }),
    });
  });
});

const text = fc.string({ unit: "grapheme", maxLength: 150 });
const payload = fc.uint8Array({ maxLength: 300 });

describe("the envelope", () => {
  const { envelope } = codec;
  const bare = { service: "", method: "", payload: nothing, timeoutMs: 0 };

  it("of any request is the generated one's, both ways", () => {
    const request = fc.record({ service: text, method: text, payload, timeoutMs: fc.nat(1e7) });
    fc.assert(
      fc.property(request, (one) => {
        const bytes = protobufEnvelope.encodeRequest(one);
        expect(Buffer.from(envelope.encodeRequest(one))).toEqual(Buffer.from(bytes));
        expect(envelope.decodeRequest(bytes)).toEqual(one);
      }),
      { numRuns: 300 },
    );
  });

  it("of any response is the generated one's, both ways", () => {
    const status = fc.record({ code: fc.integer({ min: 1, max: 20 }), message: text });
    const response = fc.record(
      { payload, status: fc.option(status, { nil: undefined }) },
      { requiredKeys: ["payload"] },
    );
    fc.assert(
      fc.property(response, (one) => {
        const bytes = protobufEnvelope.encodeResponse(one);
        expect(fromBinary(ResponseSchema, envelope.encodeResponse(one))).toEqual(
          fromBinary(ResponseSchema, bytes),
        );
        const { payload: read, status: seen } = protobufEnvelope.decodeResponse(bytes);
        expect(envelope.decodeResponse(bytes)).toEqual({
          payload: read,
          status: seen && { code: seen.code, message: seen.message },
        });
      }),
      { numRuns: 300 },
    );
  });

  it.each([-1, -2_000_000_000, 2n ** 63n - 1n])(
    "of a request with the timeout %d has none that can be over",
    (nanos) => {
      const { timeoutMs } = envelope.decodeRequest(varintField(4, nanos));
      expect(timeoutMs <= 0 || timeoutMs > 1e12).toBe(true);
    },
  );

  it("takes the last of repeated fields, and skips unknown ones", () => {
    const fields = [bytesField(1, Buffer.from("a")), varintField(99, 1), bytesField(1, Buffer.from("b"))];
    const bytes = Uint8Array.from(Buffer.concat(fields));
    expect(envelope.decodeRequest(bytes)).toEqual({ ...bare, service: "b" });
    expect(protobufEnvelope.decodeRequest(bytes)).toEqual({ ...bare, service: "b" });
  });

  it.each([
    ["a service", bytesField(1, Buffer.from([0xff]))],
    ["a method", bytesField(2, Buffer.from([0xc0, 0x80]))],
  ])("throws for %s that is not UTF-8", (_, bytes) => {
    expect(() => envelope.decodeRequest(bytes)).toThrow();
    expect(() => protobufEnvelope.decodeRequest(bytes)).toThrow();
  });

  it.each([[[0x0a]], [[0x0a, 0x05]], [[0x0f]], [[0x00]]])("throws for %j, which is no message", (bytes) => {
    expect(() => envelope.decodeRequest(Uint8Array.from(bytes))).toThrow("wire-format");
    expect(() => envelope.decodeResponse(Uint8Array.from(bytes))).toThrow("wire-format");
  });
});

test("a registration is the generated one", () => {
  fc.assert(
    fc.property(text, text, text, (name, index, version) => {
      const bytes = codec.encodeRegistration({ name, index }, version);
      expect(Buffer.from(bytes)).toEqual(
        Buffer.from(protobufCodec.encodeRegistration({ name, index }, version)),
      );
    }),
    { numRuns: 100 },
  );
});

const anyPod = fc.record({
  id: text,
  name: text,
  namespace: text,
  labels: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
});
type PodInit = MessageInitShape<typeof api.PodSandboxSchema>;

describe("a call", () => {
  it("of Configure has the facts of any request", () => {
    const request = fc.record({
      ...{ config: text, runtimeName: text, runtimeVersion: text, NRIVersion: text },
      requestTimeout: fc.integer({ min: -5_000, max: 1e9 }),
    });
    fc.assert(
      fc.property(request, ({ NRIVersion: nriVersion, requestTimeout, ...rest }) => {
        const more = {
          NRIVersion: nriVersion,
          requestTimeout: BigInt(requestTimeout),
          registrationTimeout: 7n,
        };
        const bytes = encode(api.ConfigureRequestSchema, { ...rest, ...more });
        const seen = codec.decodeCall("Configure", bytes);
        if (seen?.name !== "configure") throw new Error("not a Configure");
        const { requestTimeout: timeout, ...texts } = seen.request;
        expect(texts).toEqual({ ...rest, nriVersion });
        if (requestTimeout >= 0) expect(timeout).toBe(requestTimeout);
        else expect(timeout).toBeLessThanOrEqual(0); // and so ignored
      }),
      { numRuns: 300 },
    );
  });

  it("of Synchronize has the pods of any request, and counts containers", () => {
    const request = fc.record({
      pods: fc.array(anyPod, { maxLength: 4 }),
      containers: fc.nat(4),
      more: fc.boolean(),
    });
    fc.assert(
      fc.property(request, ({ pods, containers, more }) => {
        const list = Array.from({ length: containers }, (_, i) => ({ id: `c${i}`, labels: { a: "b" } }));
        const bytes = encode(api.SynchronizeRequestSchema, { pods, containers: list, more });
        const wanted = { more, pods: pods.map(recordOf), containers };
        expect(codec.decodeCall("Synchronize", bytes)).toEqual({ name: "synchronize", part: wanted });
      }),
      { numRuns: 200 },
    );
  });

  it("of Synchronize counts containers after, before and between pods", () => {
    const pod = (id: string) => bytesField(1, encode(api.PodSandboxSchema, { id }));
    const container = bytesField(2, Buffer.from("ff", "hex")); // its content is not looked at
    const seen = codec.decodeCall(
      "Synchronize",
      Buffer.concat([container, pod("a"), container, pod("b"), container]),
    );
    expect(seen).toMatchObject({ part: { containers: 3, more: false } });
    if (seen?.name !== "synchronize") throw new Error("not a Synchronize");
    expect(seen.part.pods.map((record) => factsOf(record).id)).toEqual(["a", "b"]);
  });

  const dedicated: Readonly<Record<(typeof POD_CALLS)[number], (pod: PodInit) => Uint8Array>> = {
    runPodSandbox: (pod) => encode(api.RunPodSandboxRequestSchema, { pod }),
    stopPodSandbox: (pod) => encode(api.StopPodSandboxRequestSchema, { pod }),
    removePodSandbox: (pod) => encode(api.RemovePodSandboxRequestSchema, { pod }),
  };
  const numbers = {
    runPodSandbox: api.Event.RUN_POD_SANDBOX,
    stopPodSandbox: api.Event.STOP_POD_SANDBOX,
    removePodSandbox: api.Event.REMOVE_POD_SANDBOX,
  };

  it.each(POD_CALLS)("of %s has the facts of any pod, by itself and as StateChange", (name) => {
    const method = name.charAt(0).toUpperCase() + name.slice(1);
    fc.assert(
      fc.property(anyPod, (pod) => {
        const wanted = { name, pod: recordOf(pod) };
        expect(codec.decodeCall(method, dedicated[name](pod))).toEqual(wanted);
        const change = encode(api.StateChangeEventSchema, {
          event: numbers[name],
          pod,
          container: { id: "c" },
        });
        expect(codec.decodeCall("StateChange", change)).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });

  it("without a pod is a pod without facts", () => {
    for (const method of ["RunPodSandbox", "StopPodSandbox", "RemovePodSandbox"])
      expect(codec.decodeCall(method, nothing)).toMatchObject({ pod: "" });
    const change = encode(api.StateChangeEventSchema, { event: api.Event.RUN_POD_SANDBOX });
    expect(codec.decodeCall("StateChange", change)).toEqual({ name: "runPodSandbox", pod: "" });
  });

  it("whose pod comes in two parts is merged", () => {
    const parts = [{ id: "a", name: "n" }, { id: "b" }].map((pod) =>
      bytesField(1, encode(api.PodSandboxSchema, pod)),
    );
    const seen = codec.decodeCall("RunPodSandbox", Buffer.concat(parts));
    if (seen?.name !== "runPodSandbox") throw new Error("not a RunPodSandbox");
    expect(factsOf(seen.pod)).toMatchObject({ id: "b", name: "n" });
  });

  it.each(api.Plugin.methods.map(({ name }) => name))(
    "of %s is known, as are all methods of the API",
    (method) => {
      expect(codec.decodeCall(method, nothing)?.name).toBeDefined();
    },
  );

  it.each(["Dance", "", "runPodSandbox", "constructor", "__proto__", "configure"])(
    "of '%s' is unknown",
    (method) => {
      expect(codec.decodeCall(method, nothing)).toBeUndefined();
    },
  );

  it("of Shutdown is known whatever its content", () => {
    expect(codec.decodeCall("Shutdown", Buffer.from("ff", "hex"))).toEqual({ name: "shutdown" });
  });

  it.each([...Array(20).keys(), -1, 2_000_000_000])(
    "of StateChange %i is a pod event or nothing to look at",
    (event) => {
      const bytes = encode(api.StateChangeEventSchema, { event, pod: { id: "p" } });
      const pod = POD_CALLS.find((name) => numbers[name] === event);
      expect(codec.decodeCall("StateChange", bytes)?.name).toBe(pod ?? "other");
    },
  );

  it("of an event that it does not watch is nothing to look at", () => {
    const others = eventNames.filter((name) => !POD_CALLS.some((pod) => pod === name));
    for (const name of others)
      expect(codec.decodeCall(name.charAt(0).toUpperCase() + name.slice(1), nothing)).toEqual({
        name: "other",
      });
  });

  it.each([
    ["Configure", bytesField(1, Buffer.from([0xff]))],
    ["Configure", bytesField(6, Buffer.from([0xe2, 0x82]))],
    ["Synchronize", bytesField(1, bytesField(1, Buffer.from([0xff])))],
    ["RunPodSandbox", bytesField(1, bytesField(4, Buffer.from([0x80])))],
    ["StateChange", Buffer.concat([varintField(1, 1), bytesField(2, bytesField(1, Buffer.from([0xff])))])],
  ])("of %s with a text that is not UTF-8 (%j) is refused", (method, bytes) => {
    expect(() => codec.decodeCall(method, bytes)).toThrow();
    expect(() => readAll(method, bytes)).toThrow();
  });

  it.each(["Configure", "Synchronize", "RunPodSandbox", "StateChange", "CreateContainer"])(
    "of %s whose content is no message is refused",
    (method) => {
      for (const hex of ["0aff", "0a7f61", "0f", "00", "0b", "08"])
        expect(() => codec.decodeCall(method, Buffer.from(hex, "hex")), hex).toThrow("wire-format");
    },
  );
});

/** Reads a call as generated code does, with all pods of a Synchronize. */
function readAll(method: string, bytes: Uint8Array): void {
  const call = protobufCodec.decodeCall(method, bytes);
  if (call?.name === "synchronize") expect([...call.request.items()]).toBeDefined();
}

test("changed bytes of any call are read, or refused as what they are not", () => {
  const seeds = [
    [
      "RunPodSandbox",
      encode(api.RunPodSandboxRequestSchema, { pod: { id: "p1", labels: { a: "b" }, ips: ["1"] } }),
    ],
    ["StateChange", encode(api.StateChangeEventSchema, { event: 1, pod: { id: "p2", name: "ü" } })],
    ["Synchronize", encode(api.SynchronizeRequestSchema, { pods: [{ id: "p3" }, { id: "p4" }], more: true })],
    [
      "Configure",
      encode(api.ConfigureRequestSchema, {
        config: "a: b",
        runtimeName: "containerd",
        requestTimeout: 2000n,
      }),
    ],
  ] as const;
  const change = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), change, ([method, seed], changes) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      let seen: ReturnType<typeof codec.decodeCall> | undefined;
      try {
        seen = codec.decodeCall(method, bytes);
      } catch (error) {
        expect(String(error)).toMatch(/wire-format data|not UTF-8/);
        return;
      }
      if (seen && "pod" in seen) expect(Object.values(factsOf(seen.pod))).toHaveLength(7);
      if (seen?.name === "synchronize") for (const record of seen.part.pods) factsOf(record);
    }),
    { numRuns: 2_000 },
  );
});
