import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Adjustment } from "./adjustment.ts";
import type { EventName, RuntimeVersion } from "./events.ts";
import type {
  Container,
  ContainerAdjustmentSchema,
  ContainerEvictionSchema,
  ContainerUpdate,
  ContainerUpdateSchema,
  LinuxResources,
  PodSandbox,
  ValidateContainerAdjustmentRequest,
} from "./gen/api_pb.js";
import type { Synchronization } from "./synchronization.ts";

/** Now or later. */
type Maybe<T> = T | Promise<T>;

/** Changes to a container that exists: `updateOf`, or the message's fields. */
export type UpdateInit = MessageInitShape<typeof ContainerUpdateSchema>;

/** What the runtime said in Configure. */
export interface RuntimeInfo extends RuntimeVersion {
  /** The plugin's configuration file; empty for a plugin that the runtime did not launch. */
  readonly config: string;
  /** How long the runtime waits for an answer, in milliseconds. */
  readonly requestTimeoutMs: number;
}

/** What a handler is given besides the event. */
export interface Context {
  readonly runtime: RuntimeInfo;
  /** How long the runtime waits for this answer, in milliseconds; after that it closes the connection. */
  readonly timeoutMs: number;
  /**
   * Changes containers at any time; those that could not be changed come back.
   * Up to nri 0.12.0 (containerd up to 2.3) the runtime does not take it before the handler has answered.
   * @throws NriError "status", "timeout" or "disconnected"
   */
  updateContainers(updates: readonly UpdateInit[]): Promise<ContainerUpdate[]>;
}

/** What a plugin does when a container is created. */
export interface Creation {
  /** Changes to the container: built, or the message's fields. */
  readonly adjust?: Adjustment | MessageInitShape<typeof ContainerAdjustmentSchema>;
  /** Changes to other containers. */
  readonly update?: readonly UpdateInit[];
  readonly evict?: readonly MessageInitShape<typeof ContainerEvictionSchema>[];
}

type OfPod = (pod: PodSandbox, context: Context) => Maybe<unknown>;
type OfContainer = (pod: PodSandbox, container: Container, context: Context) => Maybe<unknown>;
/** Updates of containers. */
type Updates = readonly UpdateInit[] | undefined;

/**
 * What a plugin does. It is subscribed to the events it has handlers for. The runtime waits for each handler, and for
 * one at a time. What a handler throws is logged, and the runtime is told nothing of it, unless `failRequests` is set.
 */
export interface Handlers {
  /** The runtime's first word. The names it returns, where it does, are the events that are subscribed. */
  configure?(runtime: RuntimeInfo): Maybe<readonly EventName[] | undefined>;
  /** What runs already; once after each connect. */
  synchronize?(state: Synchronization, context: Context): Maybe<Updates>;
  /** The runtime ends. containerd never says so. */
  shutdown?(context: Context): Maybe<unknown>;

  /** The pod has its network, and no container yet. */
  runPodSandbox?: OfPod;
  /** Since nri 0.10, as `postUpdatePodSandbox`. */
  updatePodSandbox?(
    pod: PodSandbox,
    overhead: LinuxResources,
    resources: LinuxResources,
    context: Context,
  ): Maybe<unknown>;
  postUpdatePodSandbox?: OfPod;
  /** Before the network is taken away. */
  stopPodSandbox?: OfPod;
  removePodSandbox?: OfPod;

  createContainer?(pod: PodSandbox, container: Container, context: Context): Maybe<Creation | undefined>;
  postCreateContainer?: OfContainer;
  startContainer?: OfContainer;
  postStartContainer?: OfContainer;
  /** The runtime updates a container's resources; updates of any container may be returned. */
  updateContainer?(
    pod: PodSandbox,
    container: Container,
    resources: LinuxResources,
    context: Context,
  ): Maybe<Updates>;
  postUpdateContainer?: OfContainer;
  /** Updates of the other containers may be returned. */
  stopContainer?(pod: PodSandbox, container: Container, context: Context): Maybe<Updates>;
  removeContainer?: OfContainer;
  /** What all plugins together would do. A reason that is returned rejects the container. Since nri 0.10. */
  validateContainerAdjustment?(
    request: ValidateContainerAdjustmentRequest,
    context: Context,
  ): Maybe<{ readonly reject: string } | undefined>;
}
