/** Every version of the CNI specification there has been: a tap passes on what it is given, so it supports them all. */
export const CNI_VERSIONS: readonly string[] = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.3.1",
  "0.4.0",
  "1.0.0",
  "1.1.0",
];

/** What a plugin answers where the request names no version. */
export const LATEST_CNI_VERSION = "1.1.0";
