/** What went wrong while a private containerd was made, used or taken away. */
export class ContainerdError extends Error {
  override name = "ContainerdError";
}
