import { readAddress } from "../story/address.ts";

/** A directory of host-local: the addresses of one network. */
export interface ReservationDirectory {
  readonly path: string;
  readonly network: string;
  readonly files: readonly Reservation[];
}

/** A file of host-local, which stands for an address. */
export interface Reservation {
  readonly path: string;
  /** Its name. */
  readonly address: string;
  readonly mtimeMs: number;
  /** The container ID on its first line; null for a file without any bytes. */
  readonly containerId: string | null;
  /** The interface on its second line. host-local before 0.7 wrote none. */
  readonly ifname: string | null;
}

/** The longest file that is read: an ID and an interface's name. */
export const RESERVATION_MOST_BYTES = 1024;

/** Whether a file of host-local stands for an address: `lock` and `last_reserved_ip.0` do not. */
export function isReservation(name: string): boolean {
  return readAddress(name) !== null && !name.includes("/");
}

/** Reads what host-local writes: ID, CR LF, interface. Null: it is something else. */
export function readReservation(path: string, text: string, mtimeMs: number): Reservation | null {
  const address = path.slice(path.lastIndexOf("/") + 1);
  if (text === "") return { path, address, mtimeMs, containerId: null, ifname: null };
  const [id = "", ifname = "", ...more] = text.trimEnd().split(/\r?\n/);
  if (more.length > 0 || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(id)) return null;
  return { path, address, mtimeMs, containerId: id, ifname: ifname || null };
}
