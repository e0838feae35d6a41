import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { onTestFinished } from "vitest";

/** Takes connections on a Unix socket, or on a free port of 127.0.0.1, until the test ends. Returns the port, or 0. */
export async function listenAt(path: string | null): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).end());
  if (path !== null) mkdirSync(dirname(path), { recursive: true });
  const place = path === null ? { port: 0, host: "127.0.0.1" } : { path };
  await new Promise<void>((resolve) => server.listen(place, resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}
