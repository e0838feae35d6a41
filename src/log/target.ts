import { asByteString, type ByteString } from "./byte-string.ts";

/** Where a line goes. */
export interface LogTarget {
  readonly logFile: ByteString;
  /** null appends without a lock. */
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

/** The longest path of a log or lock: PATH_MAX without its NUL. */
export const PATH_BYTES_MOST = 4095;

export const LOCK_TIMEOUT_MS_MOST = 5000;

/** 2^53: the largest whole number that JSON is sure to keep. */
export const LOG_BYTES_MOST = 9007199254740992;
