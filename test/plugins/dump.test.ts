import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  ContainerSchema,
  ContainerState,
  LinuxResourcesSchema,
  PodSandboxSchema,
} from "../../src/nri/gen/api_pb.js";
import { dumpLines } from "../../src/plugins/dump.ts";

test("a dump has the names of api.proto, and leaves out what is empty", () => {
  const pod = create(PodSandboxSchema, {
    ...{ id: "1", name: "web", labels: { k10: "a", k2: "b" }, pid: 0 },
    linux: { namespaces: [{ type: "network", path: "/run/netns/a" }, { type: "pid" }] },
  });
  const container = create(ContainerSchema, {
    ...{
      podSandboxId: "1",
      state: ContainerState.CONTAINER_CREATED,
      args: ["sh", "-c", "a\nb\n"],
      hooks: {},
    },
    linux: { resources: { cpu: { shares: { value: 1024n }, quota: { value: 0n } } }, sysctl: { a: "1" } },
  });
  const lines = dumpLines("CreateContainer", {
    pod,
    container,
    resources: create(LinuxResourcesSchema),
    list: [],
  });
  expect(lines.map((line) => line.replace("CreateContainer:", "-")).join("\n")).toBe(`- pod:
-    id: "1"
-    labels:
-      k2: b
-      k10: a
-    linux:
-      namespaces:
-      - path: /run/netns/a
-        type: network
-      - type: pid
-    name: web
- container:
-    args:
-    - sh
-    - -c
-    - |
-      a
-      b
-    hooks: {}
-    linux:
-      resources:
-        cpu:
-          quota: {}
-          shares:
-            value: 1024
-      sysctl:
-        a: "1"
-    pod_sandbox_id: "1"
-    state: 1
- resources:
-    null
- list:
-    null`);
});
