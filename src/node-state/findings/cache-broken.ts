import type { CacheFile } from "../facts.ts";
import { nodeCheck, nodeFinding, quoted, type Suspect } from "./node-finding.ts";

interface Broken extends Suspect {
  readonly file: CacheFile;
}

/** A file of libcni's cache cannot be read: libcni before 1.2.1 fails every DEL of that pod (containerd#8197). */
export const cacheBroken = nodeCheck(
  ({ facts }): Broken[] =>
    facts.cache
      .filter(({ problem }) => problem !== null)
      .map((file) => ({ key: `${file.path} ${file.problem}`, file })),
  (broken, { facts }) =>
    broken.map(({ file: { path, problem } }) =>
      nodeFinding({
        code: "cache-broken",
        // containerd 2 has libcni 1.2.2 or newer.
        severity:
          facts.runtime?.name === "containerd" && !/^v?1\./.test(facts.runtime.version) ? "warning" : "error",
        brief: `a file of libcni's cache ${problem}`,
        sentence: `${path} ${problem}: libcni before 1.2.1 fails each DEL of its pod on it, before any plugin runs`,
        files: [path],
        advice: `rm ${quoted(path)}: DEL then runs without the result and the list that were remembered for it.`,
      }),
    ),
);
