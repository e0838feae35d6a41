import { connect } from "node:net";

const TIMEOUT_MS = 2000;

/** Where a daemon listens: a Unix socket, or a port of 127.0.0.1. */
export type Listener = { readonly path: string } | { readonly port: number };

/**
 * Whether a daemon takes a connection, which is closed at once.
 * @returns null if it does, else the system's error code, or ETIMEDOUT
 */
export function takeConnection(listener: Listener): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect("path" in listener ? listener : { ...listener, host: "127.0.0.1" });
    const end = (answer: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end("ETIMEDOUT"), TIMEOUT_MS);
    socket.on("connect", () => end(null));
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? "EIO"));
  });
}
