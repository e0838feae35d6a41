/** A failure to start, use or remove a private containerd. */
export class ContainerdError extends Error {
  override name = "ContainerdError";
}
