import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ContainerUpdate, ContainerUpdateSchema, type LinuxResourcesSchema } from "./gen/api_pb.js";

/** A 64-bit integer of the API. A `number` must be a safe integer. */
export type Int = number | bigint;

/** Resources of a container. Those that are not given stay unchanged. */
export interface Resources {
  /** Bytes, like the next four. */
  readonly memoryLimit?: Int;
  readonly memoryReservation?: Int;
  /** Memory and swap together. */
  readonly memorySwap?: Int;
  readonly memoryKernel?: Int;
  readonly memoryKernelTcp?: Int;
  /** 0 to 100. */
  readonly memorySwappiness?: Int;
  readonly disableOomKiller?: boolean;
  readonly cpuShares?: Int;
  /** Microseconds per `cpuPeriod`, which is in microseconds too. */
  readonly cpuQuota?: Int;
  readonly cpuPeriod?: Int;
  readonly cpuRealtimeRuntime?: Int;
  readonly cpuRealtimePeriod?: Int;
  /** Such as "0-3,7". */
  readonly cpus?: string;
  /** NUMA nodes, such as "0-1". */
  readonly mems?: string;
  /** Limits in bytes by page size ("2MB"). */
  readonly hugepageLimits?: Readonly<Record<string, Int>>;
  readonly blockioClass?: string;
  readonly rdtClass?: string;
  /** Values by cgroup v2 file. */
  readonly unified?: Readonly<Record<string, string>>;
  /** Since nri 0.7. */
  readonly pidsLimit?: Int;
}

/** Changes to a container's resources, for `updateContainers` and the results of handlers. */
export function updateOf(
  containerId: string,
  resources: Resources,
  options: { readonly ignoreFailure?: boolean } = {},
): ContainerUpdate {
  return create(ContainerUpdateSchema, {
    containerId,
    linux: { resources: resourcesInit(resources) },
    ignoreFailure: options.ignoreFailure ?? false,
  });
}

/** Converts resources to the fields of the message. */
export function resourcesInit(resources: Resources): MessageInitShape<typeof LinuxResourcesSchema> {
  const { cpus = "", mems = "", disableOomKiller } = resources;
  const memory = {
    ...wrapped("limit", resources.memoryLimit),
    ...wrapped("reservation", resources.memoryReservation),
    ...wrapped("swap", resources.memorySwap),
    ...wrapped("kernel", resources.memoryKernel),
    ...wrapped("kernelTcp", resources.memoryKernelTcp),
    ...wrapped("swappiness", resources.memorySwappiness),
    ...(disableOomKiller !== undefined && { disableOomKiller: { value: disableOomKiller } }),
  };
  const cpu = {
    ...wrapped("shares", resources.cpuShares),
    ...wrapped("quota", resources.cpuQuota),
    ...wrapped("period", resources.cpuPeriod),
    ...wrapped("realtimeRuntime", resources.cpuRealtimeRuntime),
    ...wrapped("realtimePeriod", resources.cpuRealtimePeriod),
    ...(cpus && { cpus }),
    ...(mems && { mems }),
  };
  const { blockioClass, rdtClass, pidsLimit, hugepageLimits = {}, unified = {} } = resources;
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    hugepageLimits: Object.entries(hugepageLimits).map(([pageSize, limit]) => ({
      pageSize,
      limit: BigInt(limit),
    })),
    ...(blockioClass !== undefined && { blockioClass: { value: blockioClass } }),
    ...(rdtClass !== undefined && { rdtClass: { value: rdtClass } }),
    unified: { ...unified },
    ...(pidsLimit !== undefined && { pids: { limit: BigInt(pidsLimit) } }),
  };
}

/** A field with a wrapper message around its value, which distinguishes 0 from absent. */
function wrapped<K extends string>(name: K, value: Int | undefined): { [P in K]?: { value: bigint } } {
  const field: { [P in K]?: { value: bigint } } = {};
  if (value !== undefined) field[name] = { value: BigInt(value) };
  return field;
}
