/*
 * Calls of CNI plugins as libcni 1.3 composes them: the plugin's stanza with what libcni adds, as Go marshals it, and the
 * variables. A real containerd makes ADD, DEL and STATUS only.
 */

export type LibcniCommand = "ADD" | "CHECK" | "DEL" | "GC" | "STATUS" | "VERSION";

export interface LibcniCall {
  readonly command: LibcniCommand;
  /** The plugin's entry in the list. */
  readonly stanza: Readonly<Record<string, unknown>>;
  readonly network: string;
  readonly cniVersion: string;
  /** The directories of plugins. */
  readonly path: readonly string[];
  /** The pod, unless the call is about none: GC, STATUS, VERSION. */
  readonly attachment?: Attachment;
  /** Text of the result so far (ADD), or of the cached one (CHECK, DEL). */
  readonly prevResult?: string | undefined;
  /** What the runtime has for plugins that declare its capability. */
  readonly runtimeConfig?: Readonly<Record<string, unknown>> | undefined;
  /** The attachments that GC is to keep. */
  readonly valid?: readonly { readonly containerID: string; readonly ifname: string }[];
}

export interface Attachment {
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  /** The pairs of CNI_ARGS in their order. */
  readonly args: readonly (readonly [string, string])[];
}

/** What a plugin is to find on standard input. */
export function composeStdin(call: LibcniCall): string {
  const { command, stanza, network: name, cniVersion, prevResult } = call;
  if (command === "VERSION") return marshal({ cniVersion });
  const members = new Map(Object.entries({ ...stanza, name, cniVersion }).map(([k, v]) => [k, marshal(v)]));
  if (prevResult !== undefined) members.set("prevResult", prevResult);
  const given = Object.entries(call.runtimeConfig ?? {}).filter(([key]) => isDeclared(stanza, key));
  if (given.length > 0) members.set("runtimeConfig", objectOf(given.map(([k, v]) => [k, marshal(v)])));
  if (command === "GC")
    for (const key of ["cni.dev/attachments", "cni.dev/valid-attachments"])
      members.set(key, marshal(call.valid ?? []));
  return objectOf([...members]);
}

/** CNI's variables; a plugin's environment has those of the runtime besides. */
export function composeVariables({ command, attachment, path }: LibcniCall): Record<string, string> {
  const dummy = command === "VERSION" ? "dummy" : "";
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: attachment?.containerId ?? "",
    CNI_NETNS: attachment?.netns ?? dummy,
    CNI_ARGS: (attachment?.args ?? []).map(([key, value]) => `${key}=${value}`).join(";"),
    CNI_IFNAME: attachment?.ifname ?? dummy,
    CNI_PATH: dummy || path.join(":"),
  };
}

function isDeclared({ capabilities }: LibcniCall["stanza"], key: string): boolean {
  return typeof capabilities === "object" && capabilities !== null && Reflect.get(capabilities, key) === true;
}

/** A value as Go's json.Marshal writes it, except that an object's keys keep their order: it may be a struct. */
function marshal(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An object of a Go map, which has its keys sorted by their bytes. */
function objectOf(members: readonly (readonly [string, string])[]): string {
  const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map(([key, value]) => `${marshal(key)}:${value}`).join(",")}}`;
}
