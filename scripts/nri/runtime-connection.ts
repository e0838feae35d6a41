import type { Socket } from "node:net";
import { type DescMessage, fromBinary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { encode } from "../../src/nri/encode.ts";
import {
  ConfigureRequestSchema,
  ConfigureResponseSchema,
  Plugin,
  type RegisterPluginRequest,
  RegisterPluginRequestSchema,
  SynchronizeRequestSchema,
} from "../../src/nri/gen/api_pb.js";
import { protobufEnvelope } from "../../src/nri/protobuf-codec.ts";
import { Client } from "../../src/nri/wire/client.ts";
import { MessageDecoder } from "../../src/nri/wire/message.ts";
import { Connection, encodeFrames, MuxDecoder } from "../../src/nri/wire/mux.ts";
import { type IncomingCall, Server } from "../../src/nri/wire/server.ts";

type State = MessageInitShape<typeof SynchronizeRequestSchema>;
type Configuration = MessageInitShape<typeof ConfigureRequestSchema>;

/** The Configure request of containerd 2.3. */
const containerd23: Configuration = {
  ...{ runtimeName: "containerd", runtimeVersion: "v2.3.4", NRIVersion: "v0.12.0" },
  ...{ registrationTimeout: 5000n, requestTimeout: 2000n },
};

/** The runtime's side of one connection, for tests and the benchmark. */
export class RuntimeConnection {
  readonly socket: Socket;
  /** Resolves with RegisterPlugin, when it has been answered. */
  readonly registration: Promise<RegisterPluginRequest>;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  /** Answers calls of the plugin other than RegisterPlugin. */
  onCall: (call: IncomingCall) => Uint8Array = () => new Uint8Array(0);
  readonly #client: Client;
  readonly #server: Server;

  constructor(socket: Socket, answers: boolean) {
    this.socket = socket;
    const write = (connection: number) => (message: Uint8Array) => {
      if (!socket.destroyed) socket.write(encodeFrames(connection, message));
    };
    this.#client = new Client(protobufEnvelope, write(Connection.plugin));
    this.#server = new Server(protobufEnvelope, write(Connection.runtime));
    this.closed = new Promise((resolve) => {
      socket.on("close", resolve).on("error", () => {});
    });
    this.registration = new Promise((resolve) => {
      const mux = new MuxDecoder();
      const decoders = new Map([
        [Connection.plugin as number, new MessageDecoder()],
        [Connection.runtime, new MessageDecoder()],
      ]);
      socket.on("data", (chunk) => {
        mux.push(chunk, (connection, piece) => {
          decoders.get(connection)?.push(piece, (message) => {
            if (connection === Connection.plugin) {
              this.#client.receive(message);
              return;
            }
            const call = this.#server.receive(message);
            if (call?.method === "RegisterPlugin") {
              if (answers) this.#server.respond(call.streamId, new Uint8Array(0));
              resolve(fromBinary(RegisterPluginRequestSchema, call.payload));
            } else if (call) this.#server.respond(call.streamId, this.onCall(call));
          });
        });
      });
    });
  }

  /** Calls a method of the plugin with an encoded request. */
  call(method: string, payload: Uint8Array, timeoutMs = 2000): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.call({ service: Plugin.typeName, method, payload, timeoutMs }, 0, (outcome) => {
        if ("payload" in outcome) resolve(outcome.payload);
        else reject(outcome.error);
      });
    });
  }

  /** Calls a method of the plugin with the fields of its request. */
  async ask<I extends DescMessage, O extends DescMessage>(
    method: { readonly name: string; readonly input: I; readonly output: O },
    fields: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return fromBinary(method.output, await this.call(method.name, encode(method.input, fields)));
  }

  /** Waits for RegisterPlugin, calls Configure and Synchronize. Returns the mask of events. */
  async start(state: State = {}, configuration: Configuration = containerd23): Promise<number> {
    await this.registration;
    const answer = await this.call("Configure", encode(ConfigureRequestSchema, configuration));
    await this.call("Synchronize", encode(SynchronizeRequestSchema, state));
    return fromBinary(ConfigureResponseSchema, answer).events;
  }
}
