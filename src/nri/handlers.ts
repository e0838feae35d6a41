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

type Maybe<T> = T | Promise<T>;

/** Changes to an existing container: from `updateOf`, or the fields of the message. */
export type UpdateInit = MessageInitShape<typeof ContainerUpdateSchema>;

/** What the runtime reports in Configure. */
export interface RuntimeInfo extends RuntimeVersion {
  /** The plugin's configuration file; empty for a plugin that the runtime did not launch. */
  readonly config: string;
  /** How long the runtime waits for an answer, in milliseconds. */
  readonly requestTimeoutMs: number;
}

/** Passed to each handler with the event. */
export interface Context {
  readonly runtime: RuntimeInfo;
  /** How long the runtime waits for this answer, in milliseconds; after that it closes the connection. */
  readonly timeoutMs: number;
  /**
   * Changes containers at any time. Returns those that the runtime could not change. Up to nri 0.12.0
   * (containerd up to 2.3), the runtime handles it only after this handler has answered.
   * @throws NriError "status", "timeout" or "disconnected"
   */
  updateContainers(updates: readonly UpdateInit[]): Promise<ContainerUpdate[]>;
}

/** The result of `createContainer`. */
export interface Creation {
  /** Changes to the container: an `Adjustment`, or the fields of the message. */
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
 * The handlers of a plugin, which is subscribed to the events that it has handlers for. The runtime waits for
 * each handler and calls one at a time. An error of a handler is logged; the runtime gets it only if
 * `failRequests` is set.
 */
export interface Handlers {
  /** Called first. May return the events to subscribe to, instead of those with handlers. */
  configure?(runtime: RuntimeInfo): Maybe<readonly EventName[] | undefined>;
  /** Called after each connect, with the existing pods and containers. */
  synchronize?(state: Synchronization, context: Context): Maybe<Updates>;
  /** The runtime shuts down. containerd never sends this. */
  shutdown?(context: Context): Maybe<unknown>;

  /** The pod has its network, but no container yet. */
  runPodSandbox?: OfPod;
  /** Since nri 0.10, like `postUpdatePodSandbox`. */
  updatePodSandbox?(
    pod: PodSandbox,
    overhead: LinuxResources,
    resources: LinuxResources,
    context: Context,
  ): Maybe<unknown>;
  postUpdatePodSandbox?: OfPod;
  /** Before the network is removed. */
  stopPodSandbox?: OfPod;
  removePodSandbox?: OfPod;

  createContainer?(pod: PodSandbox, container: Container, context: Context): Maybe<Creation | undefined>;
  postCreateContainer?: OfContainer;
  startContainer?: OfContainer;
  postStartContainer?: OfContainer;
  /** The runtime updates a container's resources. May return updates of any containers. */
  updateContainer?(
    pod: PodSandbox,
    container: Container,
    resources: LinuxResources,
    context: Context,
  ): Maybe<Updates>;
  postUpdateContainer?: OfContainer;
  /** May return updates of other containers. */
  stopContainer?(pod: PodSandbox, container: Container, context: Context): Maybe<Updates>;
  removeContainer?: OfContainer;
  /** Gets the changes of all plugins together. Returning a reason rejects the container. Since nri 0.10. */
  validateContainerAdjustment?(
    request: ValidateContainerAdjustmentRequest,
    context: Context,
  ): Maybe<{ readonly reject: string } | undefined>;
}
