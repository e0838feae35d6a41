import { join, resolve } from "node:path";
import { ROOT } from "../../scripts/cache-dir.ts";

/** The executable cni_wrap: the checkout's own, unless CNITAP_WRAP names another. */
export const WRAP = resolve(process.env.CNITAP_WRAP || join(ROOT, "bin/cni_wrap"));
