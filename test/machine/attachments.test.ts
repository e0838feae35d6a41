import { expect, test } from "vitest";
import { cachedAttachments } from "../../src/machine/attachments.ts";
import { Root } from "../../src/machine/root.ts";
import { CALICO_PATCHED, useHost } from "../cli/support/host.ts";

const cached = (config: string, kind = "cniCacheV1") =>
  JSON.stringify({ kind, config: Buffer.from(config, "latin1").toString("base64") });

test("the cache names the plugins of each attachment; what is not whole is none", () => {
  const host = useHost();
  const attachments = () => cachedAttachments(new Root(host.root));
  expect(attachments()).toEqual([]);
  const files = {
    b: cached(CALICO_PATCHED),
    a: cached('{"name":"s","type":"ptp"}'),
    "of-another-version": cached(CALICO_PATCHED, "cniCacheV2"),
    "half-of-one": cached(CALICO_PATCHED).slice(0, 100),
    "with-half-a-list": cached(CALICO_PATCHED.slice(0, 100)),
    "with-an-array": cached("[]"),
    z: cached('{"plugins":[{"type":5},{},[],{"type":"x"}]}'),
  };
  for (const [name, text] of Object.entries(files)) host.write(`/var/lib/cni/results/${name}`, text);
  expect(attachments().filter(({ types }) => types.length > 0)).toEqual([
    { file: "a", types: ["ptp"] },
    { file: "b", types: ["cni_pre", "calico", "portmap", "bandwidth", "cni_post"] },
    { file: "z", types: ["x"] },
  ]);
});
