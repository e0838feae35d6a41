import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CDIDevice,
  CDIDeviceSchema,
  type ContainerAdjustment,
  ContainerAdjustmentSchema,
  HookSchema,
  type Hooks,
  HooksSchema,
  KeyValueSchema,
  type LinuxContainerAdjustment,
  LinuxContainerAdjustmentSchema,
  LinuxDeviceSchema,
  LinuxNamespaceSchema,
  LinuxNetDeviceSchema,
  LinuxResourcesSchema,
  MountSchema,
  POSIXRlimitSchema,
} from "./gen/api_pb.js";
import { type Int, type Resources, resourcesInit } from "./resources.ts";

/** The stages of OCI hooks. */
export type HookStage = Exclude<keyof Hooks, "$typeName" | "$unknown">;

/** A device node; see mknod(2). */
export interface Device {
  readonly path: string;
  readonly type: "c" | "b" | "p";
  readonly major: Int;
  readonly minor: Int;
  /** Permission bits, such as 0o660. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Changes to a new container, for the result of `createContainer`. To replace what an earlier plugin has set,
 * remove it and add it again. If two plugins only set the same thing, they conflict and the container is not
 * created.
 */
export class Adjustment {
  readonly message: ContainerAdjustment = create(ContainerAdjustmentSchema);

  addAnnotation(key: string, value: string): this {
    this.message.annotations[key] = value;
    return this;
  }
  removeAnnotation(key: string): this {
    return this.addAnnotation(marked(key), "");
  }

  addEnv(key: string, value: string): this {
    this.message.env.push(create(KeyValueSchema, { key, value }));
    return this;
  }
  removeEnv(key: string): this {
    return this.addEnv(marked(key), "");
  }

  /** Replaces the command line. Since nri 0.10; older runtimes ignore it. */
  setArgs(args: readonly string[]): this {
    this.message.args = [...args];
    return this;
  }
  /** Replaces the command line even if an earlier plugin has done so. */
  replaceArgs(args: readonly string[]): this {
    return this.setArgs(["", ...args]);
  }

  addMount(mount: MessageInitShape<typeof MountSchema>): this {
    this.message.mounts.push(create(MountSchema, mount));
    return this;
  }
  removeMount(destination: string): this {
    return this.addMount({ destination: marked(destination) });
  }

  addDevice({ path, type, major, minor, fileMode, uid, gid }: Device): this {
    const device = create(LinuxDeviceSchema, {
      ...{ path, type, major: BigInt(major), minor: BigInt(minor) },
      ...(fileMode !== undefined && { fileMode: { value: fileMode } }),
      ...(uid !== undefined && { uid: { value: uid } }),
      ...(gid !== undefined && { gid: { value: gid } }),
    });
    this.#linux.devices.push(device);
    return this;
  }
  removeDevice(path: string): this {
    this.#linux.devices.push(create(LinuxDeviceSchema, { path: marked(path) }));
    return this;
  }

  /** A device of the Container Device Interface, "vendor.com/class=name". Since nri 0.7. */
  addCdiDevice(name: string): this {
    const device: CDIDevice = create(CDIDeviceSchema, { name });
    this.message.CDIDevices.push(device);
    return this;
  }

  /** Adds to the existing hooks, which cannot be removed. `timeout` is in seconds. */
  addHook(
    stage: HookStage,
    hook: {
      readonly path: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly timeout?: Int;
    },
  ): this {
    const { path, args = [], env = [], timeout } = hook;
    this.message.hooks ??= create(HooksSchema);
    this.message.hooks[stage].push(
      create(HookSchema, {
        ...{ path, args: [...args], env: [...env] },
        ...(timeout !== undefined && { timeout: { value: BigInt(timeout) } }),
      }),
    );
    return this;
  }

  /** `type` is the name, such as "RLIMIT_NOFILE". */
  addRlimit(type: string, hard: Int, soft: Int): this {
    const rlimit = create(POSIXRlimitSchema, { type, hard: BigInt(hard), soft: BigInt(soft) });
    this.message.rlimits.push(rlimit);
    return this;
  }

  /** A namespace to join (with `path`) or to create (without). Since nri 0.10. */
  addNamespace(type: string, path = ""): this {
    this.#linux.namespaces.push(create(LinuxNamespaceSchema, { type, path }));
    return this;
  }
  removeNamespace(type: string): this {
    return this.addNamespace(marked(type));
  }

  /** Since nri 0.11. */
  setSysctl(key: string, value: string): this {
    this.#linux.sysctl[key] = value;
    return this;
  }
  removeSysctl(key: string): this {
    return this.setSysctl(marked(key), "");
  }

  /** Moves a network device of the host into the container and names it `name`. Since nri 0.11. */
  addNetDevice(hostName: string, name = hostName): this {
    this.#linux.netDevices[hostName] = create(LinuxNetDeviceSchema, { name });
    return this;
  }
  removeNetDevice(hostName: string): this {
    return this.addNetDevice(marked(hostName), "");
  }

  /** Sets the resources. Discards those of earlier calls. */
  setResources(resources: Resources): this {
    this.#linux.resources = create(LinuxResourcesSchema, resourcesInit(resources));
    return this;
  }

  /** Changes fields of the message that have no method here: `linux((l) => { l.ioPriority = … })`. */
  linux(change: (linux: LinuxContainerAdjustment) => void): this {
    change(this.#linux);
    return this;
  }

  get #linux(): LinuxContainerAdjustment {
    this.message.linux ??= create(LinuxContainerAdjustmentSchema);
    return this.message.linux;
  }
}

/** A key that removes the entry of this name (nri, pkg/api/helpers.go). */
function marked(key: string): string {
  return `-${key}`;
}
