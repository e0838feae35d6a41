import { expect, test } from "vitest";
import { cachedAttachments } from "../../src/machine/attachments.ts";
import { Root } from "../../src/machine/root.ts";
import { CALICO_PATCHED, useHost } from "../cli/support/host.ts";

const cached = (config: string, kind = "cniCacheV1") =>
  JSON.stringify({ kind, config: Buffer.from(config, "latin1").toString("base64") });

test("cachedAttachments returns the plugin types of each attachment, and null for a broken file", () => {
  const host = useHost();
  const attachments = () => cachedAttachments(new Root(host.root));
  expect(attachments()).toEqual([]);
  const files = {
    a: cached('{"name":"s","type":"ptp"}'),
    b: cached(CALICO_PATCHED),
    "broken-1": cached(CALICO_PATCHED).slice(0, 100),
    "broken-2": cached(CALICO_PATCHED.slice(0, 100)),
    "broken-3": "",
    "broken-4": '{"kind":"cniCacheV1"}',
    "of-a-later-libcni": cached(CALICO_PATCHED, "cniCacheV2"),
    "of-an-older-libcni": '{"cniVersion":"0.3.1","ips":[]}',
    wrapped: cached(
      '{"plugins":[{"type":"cni_wrap","cniTap":{"type":"ptp"}},{"type":"cni_wrap"},{"type":"y","cniTap":{"type":"z"}}]}',
    ),
    z: cached('{"plugins":[{"type":5},{},[],{"type":"x"}]}'),
  };
  for (const [name, text] of Object.entries(files)) host.write(`/var/lib/cni/results/${name}`, text);
  expect(attachments()).toEqual([
    { file: "a", types: ["ptp"] },
    { file: "b", types: ["cni_pre", "calico", "portmap", "bandwidth", "cni_post"] },
    ...[1, 2, 3, 4].map((number) => ({ file: `broken-${number}`, types: null })),
    { file: "wrapped", types: ["cni_wrap", "ptp", "cni_wrap", "y"] },
    { file: "z", types: ["x"] },
  ]);
});
