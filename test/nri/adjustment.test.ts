import { expect, it } from "vitest";
import { Adjustment } from "../../src/nri/adjustment.ts";
import { encode } from "../../src/nri/encode.ts";
import { ContainerAdjustmentSchema, ContainerUpdateSchema, IOPrioClass } from "../../src/nri/gen/api_pb.js";
import { updateOf } from "../../src/nri/resources.ts";

it("every change is encoded as its message", () => {
  const built = new Adjustment()
    .addAnnotation("a", "1")
    .removeAnnotation("b")
    .addEnv("K", "V")
    .removeEnv("L")
    .replaceArgs(["sleep", "1"])
    .addMount({ destination: "/d", source: "/s", type: "bind", options: ["ro"] })
    .removeMount("/e")
    .addDevice({ path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 0o660, uid: 0, gid: 0 })
    .removeDevice("/dev/y")
    .addCdiDevice("vendor.com/class=name")
    .addHook("poststop", { path: "/bin/true", timeout: 0 })
    .addRlimit("RLIMIT_NOFILE", 2, 1n)
    .addNamespace("network", "/run/netns/a")
    .removeNamespace("pid")
    .setSysctl("net.a", "1")
    .removeSysctl("net.b")
    .addNetDevice("eth1", "net1")
    .removeNetDevice("eth2")
    .setResources({
      memoryLimit: 0,
      cpuShares: 512,
      cpus: "0-1",
      pidsLimit: 7,
      hugepageLimits: { "2MB": 4096 },
    })
    .linux((linux) => {
      linux.cgroupsPath = "/x";
    });
  const written = encode(ContainerAdjustmentSchema, {
    annotations: { a: "1", "-b": "" },
    env: [{ key: "K", value: "V" }, { key: "-L" }],
    args: ["", "sleep", "1"],
    mounts: [{ destination: "/d", source: "/s", type: "bind", options: ["ro"] }, { destination: "-/e" }],
    CDIDevices: [{ name: "vendor.com/class=name" }],
    hooks: { poststop: [{ path: "/bin/true", timeout: { value: 0n } }] },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 2n, soft: 1n }],
    linux: {
      devices: [
        {
          ...{ path: "/dev/x", type: "c", major: 1n, minor: 3n },
          ...{ fileMode: { value: 0o660 }, uid: { value: 0 }, gid: { value: 0 } },
        },
        { path: "-/dev/y" },
      ],
      namespaces: [{ type: "network", path: "/run/netns/a" }, { type: "-pid" }],
      sysctl: { "net.a": "1", "-net.b": "" },
      netDevices: { eth1: { name: "net1" }, "-eth2": {} },
      resources: {
        memory: { limit: { value: 0n } },
        cpu: { shares: { value: 512n }, cpus: "0-1" },
        pids: { limit: 7n },
        hugepageLimits: [{ pageSize: "2MB", limit: 4096n }],
      },
      cgroupsPath: "/x",
    },
  });
  expect(encode(ContainerAdjustmentSchema, built.message)).toEqual(written);
  expect(IOPrioClass.IOPRIO_CLASS_IDLE).toBe(3);
});

it("a file mode of 0, a limit of 0 and an unchanged net device name are encoded", () => {
  const built = new Adjustment()
    .addDevice({ path: "/dev/x", type: "p", major: 0, minor: 0, fileMode: 0 })
    .addNetDevice("eth3")
    .setResources({ pidsLimit: 0, cpuShares: 0 });
  const written = encode(ContainerAdjustmentSchema, {
    linux: {
      devices: [{ path: "/dev/x", type: "p", fileMode: { value: 0 } }],
      netDevices: { eth3: { name: "eth3" } },
      resources: { pids: { limit: 0n }, cpu: { shares: { value: 0n } } },
    },
  });
  expect(encode(ContainerAdjustmentSchema, built.message)).toEqual(written);
});

it("an update has only the resources that it changes", () => {
  const all = {
    ...{ memoryReservation: 1, memorySwap: -1, memoryKernel: 2, memoryKernelTcp: 3, memorySwappiness: 4 },
    ...{ disableOomKiller: false, cpuQuota: -1n, cpuPeriod: 6, cpuRealtimeRuntime: 7, cpuRealtimePeriod: 8 },
    ...{ mems: "0", blockioClass: "", rdtClass: "gold", unified: { "memory.high": "max" } },
  };
  const one = (value: bigint) => ({ value });
  expect(encode(ContainerUpdateSchema, updateOf("a", all, { ignoreFailure: true }))).toEqual(
    encode(ContainerUpdateSchema, {
      containerId: "a",
      ignoreFailure: true,
      linux: {
        resources: {
          memory: {
            ...{ reservation: one(1n), swap: one(-1n), kernel: one(2n), kernelTcp: one(3n) },
            ...{ swappiness: one(4n), disableOomKiller: { value: false } },
          },
          cpu: {
            ...{ quota: one(-1n), period: one(6n), realtimeRuntime: one(7n), realtimePeriod: one(8n) },
            mems: "0",
          },
          blockioClass: { value: "" },
          rdtClass: { value: "gold" },
          unified: { "memory.high": "max" },
        },
      },
    }),
  );
  expect(encode(ContainerUpdateSchema, updateOf("a", {}))).toEqual(
    encode(ContainerUpdateSchema, { containerId: "a", linux: { resources: {} } }),
  );
});
