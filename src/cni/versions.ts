/** All versions of the CNI specification. A tap passes on what it gets, so it supports every one. */
export const CNI_VERSIONS: readonly string[] = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.3.1",
  "0.4.0",
  "1.0.0",
  "1.1.0",
];

/** Used in replies to a request without a version. */
export const LATEST_CNI_VERSION = "1.1.0";
