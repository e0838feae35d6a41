import { asByteString, type ByteString } from "./byte-string.ts";

/** Where a line goes. */
export interface LogTarget {
  readonly logFile: ByteString;
  /** null: append without a lock. */
  readonly lockFile: ByteString | null;
  readonly lockTimeoutMs: number;
  /** 0: never rotate. */
  readonly logMaxBytes: number;
}

export const DEFAULT_TARGET = {
  logFile: asByteString("/tmp/cni.log"),
  lockFile: asByteString("/var/run/lock/cni.lock"),
  lockTimeoutMs: 200,
  logMaxBytes: 104857600,
} as const satisfies LogTarget;

/** Maximum length of a log or lock path: PATH_MAX without the NUL. */
export const PATH_BYTES_MOST = 4095;

export const LOCK_TIMEOUT_MS_MOST = 5000;

/** 2^53: the largest whole number that JSON parsers keep exactly. */
export const LOG_BYTES_MOST = 9007199254740992;
