import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ContainerdError } from "./error.ts";

export type { ServiceError };

/** The used fields of PodSandboxConfig (api.proto). */
export interface PodSandboxConfig {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly attempt: number;
  };
  readonly hostname: string;
  readonly log_directory: string;
  readonly dns_config: { readonly servers: readonly string[]; readonly searches: readonly string[] };
  readonly port_mappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: {
    readonly cgroup_parent: string;
    readonly security_context: {
      readonly namespace_options: {
        readonly network: "POD" | "NODE";
        readonly pid: "CONTAINER";
        readonly ipc: "POD" | "NODE";
      };
    };
  };
}

export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly container_port: number;
  readonly host_port: number;
  readonly host_ip?: string;
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly image: { readonly image: string };
  readonly command: readonly string[];
  readonly log_path: string;
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly state: "SANDBOX_READY" | "SANDBOX_NOTREADY";
  /** The addresses of eth0; empty for a pod on the host's network. */
  readonly network: {
    readonly ip: string;
    readonly additional_ips: readonly { readonly ip: string }[];
  } | null;
}

export interface StatusResponse {
  readonly status: {
    readonly conditions: readonly { type: string; status: boolean; reason: string; message: string }[];
  };
  /** With `verbose`: JSON texts, including `cniconfig` and `lastCNILoadStatus`. */
  readonly info: Readonly<Record<string, string>>;
}

interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxConfig["metadata"];
  readonly state: string;
}
interface PodId {
  readonly pod_sandbox_id: string;
}
interface ContainerId {
  readonly container_id: string;
}
type Empty = Readonly<Record<string, never>>;

/** Request and response of the used calls of runtime.v1.RuntimeService. */
export interface CriCalls {
  Version: [Empty, { readonly runtime_name: string; readonly runtime_version: string }];
  Status: [{ readonly verbose: boolean }, StatusResponse];
  RunPodSandbox: [{ readonly config: PodSandboxConfig }, PodId];
  StopPodSandbox: [PodId, Empty];
  RemovePodSandbox: [PodId, Empty];
  PodSandboxStatus: [PodId, { readonly status: PodSandboxStatus }];
  ListPodSandbox: [Empty, { readonly items: readonly PodSandbox[] }];
  CreateContainer: [
    PodId & { readonly config: ContainerConfig; readonly sandbox_config: PodSandboxConfig },
    ContainerId,
  ];
  StartContainer: [ContainerId, Empty];
  StopContainer: [ContainerId & { readonly timeout: number }, Empty];
  RemoveContainer: [ContainerId, Empty];
  ExecSync: [
    ContainerId & { readonly cmd: readonly string[]; readonly timeout: number },
    { readonly stdout: Buffer; readonly stderr: Buffer; readonly exit_code: number },
  ];
}

/** A client of the CRI. Its errors are gRPC's `ServiceError`, as sent by containerd. */
export class Cri {
  readonly #client: Client;
  readonly #methods: ReturnType<typeof loadMethods>;

  constructor(socket: string, proto: string) {
    this.#methods = loadMethods(proto);
    // The socket does not exist before and between starts of containerd: do not back off for seconds.
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": 20,
      "grpc.min_reconnect_backoff_ms": 20,
      "grpc.max_reconnect_backoff_ms": 100,
    });
  }

  /** Makes one call with a timeout. Aborting the signal cancels it. */
  call<K extends keyof CriCalls>(
    name: K,
    request: CriCalls[K][0],
    timeoutMs = 30_000,
    signal?: AbortSignal,
  ): Promise<CriCalls[K][1]> {
    const method = this.#methods[name];
    if (!method) throw new ContainerdError(`Cannot call ${name}: api.proto does not have it`);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          if (error) reject(error);
          else if (answer)
            resolve(answer as CriCalls[K][1]); // decoded by api.proto, which CriCalls describes
          else reject(new ContainerdError(`Cannot call ${name}: there was no answer`));
        },
      );
      signal?.addEventListener("abort", () => call.cancel());
    });
  }

  close(): void {
    this.#client.close();
  }
}

function loadMethods(proto: string) {
  const definition = loadSync(proto, { keepCase: true, longs: Number, enums: String, defaults: true });
  const service = definition["runtime.v1.RuntimeService"];
  if (!service || "format" in service) {
    throw new ContainerdError(`Cannot use ${proto}: it has no runtime.v1.RuntimeService`);
  }
  return service;
}
