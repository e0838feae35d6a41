import { createHash } from "node:crypto";
import { packTar, type TarEntry } from "./tar.ts";

/** The sandbox image. It sleeps until containerd kills it. */
export const pauseImage = "localhost/pause:1";
/** The image for containers: busybox with some of its applets in /bin. */
export const busyboxImage = "localhost/busybox:1";

const applets = ["sh", "sleep", "cat", "echo", "env", "ip", "ls", "nc", "ping", "true", "false", "wget"];
const folders = ["bin/", "dev/", "etc/", "proc/", "sys/", "tmp/", "var/"];
const indexType = "application/vnd.oci.image.index.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Builds both images from a static busybox, as one OCI image layout (OCI image-spec 1.0) in a tar. */
export function packImages(busybox: Uint8Array): Buffer {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, data: Uint8Array): Descriptor => {
    const digest = createHash("sha256").update(data).digest("hex");
    blobs.set(digest, data);
    return { mediaType, digest: `sha256:${digest}`, size: data.length };
  };
  const layer = add(
    layerType,
    packTar([
      ...folders.map((path): TarEntry => ({ path, kind: "folder" })),
      { path: "bin/busybox", kind: "file", data: busybox, mode: 0o755 },
      ...applets.map((name): TarEntry => ({ path: `bin/${name}`, kind: "link", target: "busybox" })),
    ]),
  );
  const image = (name: string, command: readonly string[]) => {
    const config = add(
      configType,
      encode({
        architecture: { x64: "amd64", arm64: "arm64", ia32: "386" }[process.arch as string] ?? process.arch,
        os: "linux",
        config: { Env: ["PATH=/bin"], Entrypoint: command },
        rootfs: { type: "layers", diff_ids: [layer.digest] },
      }),
    );
    const manifest = encode({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
    const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
    return { ...add(manifestType, manifest), annotations };
  };
  const manifests = [
    image(pauseImage, ["/bin/busybox", "sleep", "2147483647"]),
    image(busyboxImage, ["/bin/sh"]),
  ];
  return packTar([
    { path: "oci-layout", kind: "file", data: encode({ imageLayoutVersion: "1.0.0" }) },
    { path: "index.json", kind: "file", data: encode({ schemaVersion: 2, mediaType: indexType, manifests }) },
    ...[...blobs].map(([digest, data]): TarEntry => ({ path: `blobs/sha256/${digest}`, kind: "file", data })),
  ]);
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
