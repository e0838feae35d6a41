import { Memo } from "./memo.ts";

const DOT = 0x2e;
const ZERO = 0x30;

/** An IP address as a number, so that spellings of one address are the same. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Null where none is told. */
  readonly prefix: number | null;
}

/** Reads `10.1.2.3`, `10.1.2.3/24` or `fd00::1/64`. Null: it is no address. */
export function readAddress(text: string): Address | null {
  return ADDRESSES.get(text);
}

const ADDRESSES = new Memo(1000, parseAddress);

function parseAddress(text: string): Address | null {
  const [host = "", length, more] = text.split("/");
  if (more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const prefix = length === undefined ? null : Number(length);
  const family = host.includes(":") ? 6 : 4;
  const value = family === 6 ? readV6(host) : readV4(host);
  if (value === null || (prefix !== null && prefix > (family === 6 ? 128 : 32))) return null;
  const mapped = family === 6 && value >> 32n === 0xffffn;
  if (!mapped) return { family, value, prefix };
  return {
    family: 4,
    value: value & 0xffff_ffffn,
    prefix: prefix === null ? null : Math.max(0, prefix - 96),
  };
}

function readV4(text: string): bigint | null {
  let [value, byte, digits, parts] = [0, 0, 0, 1];
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit >= 0 && digit <= 9) {
      byte = byte * 10 + digit;
      if (++digits > 3 || byte > 255) return null;
    } else {
      if (digit !== DOT - ZERO || digits === 0 || ++parts > 4) return null;
      value = value * 256 + byte;
      [byte, digits] = [0, 0];
    }
  }
  return parts === 4 && digits > 0 ? BigInt(value * 256 + byte) : null;
}

function readV6(text: string): bigint | null {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  if (dotted?.[2]?.includes(".")) {
    const low = readV4(dotted[2]);
    if (low === null) return null;
    return readV6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** One spelling for each address, without its prefix length; a text that is no address stays as it is. */
export function addressKey(text: string): string {
  return plainV4(text) < 0 ? KEYS.get(text) : bare(text);
}

/** The address without its prefix length. */
export function bare(address: string): string {
  const slash = address.lastIndexOf("/");
  return slash >= 0 && skipDigits(address, slash + 1) > slash + 1 ? address.slice(0, slash) : address;
}

/** Whether only digits follow: the text's length, else 0. */
function skipDigits(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return 0;
  }
  return text.length;
}

/** The value of an IPv4 address in its usual spelling, with or without a prefix length; -1 for all other texts. */
function plainV4(text: string): number {
  const slash = text.indexOf("/");
  const end = slash < 0 ? text.length : slash;
  if (slash >= 0 && !(text.length > slash + 1 && text.length <= slash + 3 && skipDigits(text, slash + 1) > 0))
    return -1;
  if (slash >= 0 && Number(text.slice(slash + 1)) > 32) return -1;
  let [value, byte, digits, parts] = [0, 0, 0, 1];
  for (let at = 0; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && byte === 0) return -1;
      byte = byte * 10 + digit;
      if (++digits > 3 || byte > 255) return -1;
    } else {
      if (digit !== DOT - ZERO || digits === 0 || ++parts > 4) return -1;
      value = value * 256 + byte;
      byte = 0;
      digits = 0;
    }
  }
  return parts === 4 && digits > 0 ? value * 256 + byte : -1;
}

/** Whether an address is a pod's own: neither loopback's nor link-local. */
export function isOwn(text: string): boolean {
  const value = plainV4(text);
  if (value >= 0) return value >>> 24 !== 127 && value >>> 16 !== 0xa9fe;
  const address = readAddress(text);
  return address !== null && !isLinkLocal(address) && !isLoopback(address);
}

const KEYS = new Memo(1000, (text) => {
  const address = readAddress(text);
  if (address === null) return text;
  const { family, value } = address;
  return family === 4 ? dottedOf(Number(value)) : `6:${value.toString(16)}`;
});

function dottedOf(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
}

/** 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/** 127.0.0.0/8 and ::1. */
function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/** Whether an address is in the subnet of another one, which must have a prefix length. */
export function isInSubnet(one: Address, of: Address): boolean {
  if (one.family !== of.family || of.prefix === null) return false;
  const rest = BigInt((of.family === 4 ? 32 : 128) - of.prefix);
  return one.value >> rest === of.value >> rest;
}
