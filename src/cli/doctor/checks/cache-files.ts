import { join } from "node:path";
import { CACHE, cachedAttachments } from "../../../machine/attachments.ts";
import { type Check, error, warning } from "../check.ts";

export const cacheFiles: Check = {
  id: "cache-files",
  title: "libcni's cache can be read",
  allowsInstall: true,
  run({ survey }) {
    const { runtime } = survey;
    // containerd 2 has libcni 1.2.2 or newer.
    const tolerated = runtime?.name === "containerd" && !/^v?1\./.test(runtime.version);
    return cachedAttachments(survey.root)
      .filter(({ types }) => types === null)
      .map(({ file }) => {
        const path = join(CACHE, file);
        const seen = `${path} is empty or broken: libcni before 1.2.1 fails each DEL of that pod on it`;
        const advice = `rm ${path}. The pod is then ended without the result that was remembered for it.`;
        return tolerated ? warning(seen, advice) : error(seen, advice);
      });
  },
};
