/** `npm run build`: builds bin/cni_pre, bin/cni_post, bin/cni_wrap, bin/cnitap-observe and bin/cnitap. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { buildCnitap } from "./build/cnitap.ts";
import { buildTap } from "./build/tap.ts";
import { ROOT } from "./cache-dir.ts";

async function step(out: string, make: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await make();
  const size = (statSync(out).size / 1024).toFixed(0);
  console.error(
    `built ${out.slice(ROOT.length + 1)}: ${size} KB, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
}

const pre = join(ROOT, "bin", "cni_pre");
const post = join(ROOT, "bin", "cni_post");
const wrap = join(ROOT, "bin", "cni_wrap");
const observe = join(ROOT, "bin", "cnitap-observe");
const cnitap = join(ROOT, "bin", "cnitap");
try {
  await step(pre, () => buildTap({ entry: join(ROOT, "src", "tap", "cni-pre.ts"), out: pre }));
  await step(post, () => buildTap({ entry: join(ROOT, "src", "tap", "cni-post.ts"), out: post }));
  await step(wrap, () =>
    buildTap({ program: "wrap", entry: join(ROOT, "src", "wrap", "cni-wrap.ts"), out: wrap }),
  );
  await step(observe, () =>
    buildTap({
      program: "observe",
      entry: join(ROOT, "src", "observe", "cnitap-observe.ts"),
      out: observe,
    }),
  );
  await step(cnitap, () =>
    buildCnitap(cnitap, { cni_pre: pre, cni_post: post, cni_wrap: wrap, "cnitap-observe": observe }),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
