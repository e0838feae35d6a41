import { renameSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { defaultNetworks, retakeSurvey, takeSurvey } from "../../src/machine/survey.ts";
import { type Said, useContainerd } from "../cli/support/containerd.ts";
import { CALICO, useHost } from "../cli/support/host.ts";

const FILES = { "10-calico.conflist": CALICO, "20-broken.conf": "{" };

async function surveyWith(said: Said | null, confDir?: string) {
  const host = useHost(FILES);
  host.write("/else/10-calico.conflist", CALICO);
  host.write("/runtime/bin/x", "");
  if (said) await useContainerd(host, { binDirs: ["/runtime/bin"], ...said });
  const survey = await takeSurvey({ hostRoot: host.root, ...(confDir === undefined ? {} : { confDir }) });
  const taken = defaultNetworks(survey).map(
    ({ runtime, network }) => `${runtime}: ${network?.name ?? "none"}`,
  );
  return { host, survey, taken };
}

test("of a folder that the runtime reads, max_conf_num and the folders of plugins are the runtime's", async () => {
  const { survey, taken } = await surveyWith({ maxConfNum: 2 });
  expect(survey).toMatchObject({ runtimeReads: true, binDirs: ["/runtime/bin"] });
  expect(taken).toEqual(["containerd: none"]); // it reads the broken file, too
});

test("of another folder they are not", async () => {
  const { survey, taken } = await surveyWith({ maxConfNum: 2, confDir: "/else" }, "/etc/cni/net.d");
  expect(survey).toMatchObject({ runtimeReads: false, binDirs: ["/opt/cni/bin"] });
  expect(taken).toEqual(["containerd: k8s-pod-network", "CRI-O: k8s-pod-network"]);
});

test("a runtime that says nothing about networks, or none, reads what each would", async () => {
  expect((await surveyWith({ cniConfig: null })).taken).toEqual([
    "containerd: k8s-pod-network",
    "CRI-O: k8s-pod-network",
  ]);
  expect((await surveyWith(null)).taken).toHaveLength(2);
});

test("CRI-O takes the first file that is valid, containerd none where the first is broken", async () => {
  const host = useHost({ "05-broken.conf": "{", "10-calico.conflist": CALICO });
  await useContainerd(host, { name: "cri-o", cniConfig: null }, "/var/run/crio/crio.sock");
  const survey = await takeSurvey({ hostRoot: host.root });
  expect(defaultNetworks(survey)).toMatchObject([{ runtime: "CRI-O", network: { name: "k8s-pod-network" } }]);
});

test("a folder is the runtime's by whichever path it is named", async () => {
  const host = useHost();
  await useContainerd(host);
  symlinkSync("/etc/cni/net.d", host.path("/link"));
  expect(await takeSurvey({ hostRoot: host.root, confDir: "/link" })).toMatchObject({ runtimeReads: true });
});

test("taken again it has the files of then, and the runtime of before", async () => {
  const { host, survey } = await surveyWith({});
  renameSync(host.path("/etc/cni/net.d/10-calico.conflist"), host.path("/etc/cni/net.d/30-c.conflist"));
  const again = retakeSurvey(survey, undefined);
  expect(again.conf.names).toEqual(["20-broken.conf", "30-c.conflist"]);
  expect(again.runtime).toBe(survey.runtime);
});
