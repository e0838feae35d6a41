import { fromBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { answerEvent } from "../../src/nri/answer.ts";
import { CreateContainerRequestSchema, CreateContainerResponseSchema } from "../../src/nri/gen/api_pb.js";
import type { Context } from "../../src/nri/handlers.ts";
import { updateOf } from "../../src/nri/resources.ts";

const context: Context = {
  runtime: { name: "", version: "", nriVersion: "", config: "", requestTimeoutMs: 2000 },
  timeoutMs: 2000,
  updateContainers: () => Promise.resolve([]),
};

it("the answer to CreateContainer has adjustment, updates and evictions of its handler", async () => {
  const request = fromBinary(CreateContainerRequestSchema, new Uint8Array(0));
  const handlers = {
    createContainer: () => ({
      adjust: { args: ["x"] },
      update: [updateOf("other", {})],
      evict: [{ containerId: "third", reason: "full" }],
    }),
  };
  const answer = await answerEvent({ name: "createContainer", request }, handlers, context);
  expect(fromBinary(CreateContainerResponseSchema, answer)).toMatchObject({
    adjust: { args: ["x"] },
    update: [{ containerId: "other" }],
    evict: [{ containerId: "third", reason: "full" }],
  });
});
