/** An entry of a tar archive: a directory, a file, or a symbolic link. Paths are at most 100 bytes. */
export type TarEntry =
  | { readonly path: string; readonly kind: "folder"; readonly mode?: number }
  | { readonly path: string; readonly kind: "file"; readonly data: Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

const block = 512;

/** Packs entries as a ustar archive (POSIX.1-1988), owner root, time 0: the bytes are reproducible. */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.kind !== "file") continue;
    parts.push(entry.data, Buffer.alloc((block - (entry.data.length % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

function header(entry: TarEntry): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number) =>
    bytes.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  const modes = { folder: 0o755, file: 0o644, link: 0o777 };
  bytes.write(entry.path, 0, 100, "utf8");
  octal(("mode" in entry ? entry.mode : undefined) ?? modes[entry.kind], 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.kind === "file" ? entry.data.length : 0, 124, 12);
  octal(0, 136, 12);
  bytes.write({ folder: "5", file: "0", link: "2" }[entry.kind], 156, "latin1");
  if (entry.kind === "link") bytes.write(entry.target, 157, 100, "utf8");
  bytes.write("ustar\x0000", 257, "latin1");
  // The checksum is calculated with spaces in its own field.
  bytes.fill(" ", 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}
