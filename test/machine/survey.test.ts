import { renameSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { defaultNetworks, retakeSurvey, takeSurvey } from "../../src/machine/survey.ts";
import { type RuntimeFacts, useContainerd } from "../cli/support/containerd.ts";
import { CALICO, useHost } from "../cli/support/host.ts";

const FILES = { "10-calico.conflist": CALICO, "20-broken.conf": "{" };

async function surveyWith(facts: RuntimeFacts | null, confDir?: string) {
  const host = useHost(FILES);
  host.write("/else/10-calico.conflist", CALICO);
  host.write("/runtime/bin/x", "");
  if (facts) await useContainerd(host, { binDirs: ["/runtime/bin"], ...facts });
  const survey = await takeSurvey({ hostRoot: host.root, ...(confDir === undefined ? {} : { confDir }) });
  const taken = defaultNetworks(survey).map(
    ({ runtime, network }) => `${runtime}: ${network?.name ?? "none"}`,
  );
  return { host, survey, taken };
}

test("a survey of the runtime's directory has its max_conf_num and plugin directories", async () => {
  const { survey, taken } = await surveyWith({ maxConfNum: 2 });
  expect(survey).toMatchObject({ runtimeReads: true, binDirs: ["/runtime/bin"] });
  expect(taken).toEqual(["containerd: none"]); // it also reads the broken file
});

test("a survey of another directory has the defaults", async () => {
  const { survey, taken } = await surveyWith({ maxConfNum: 2, confDir: "/else" }, "/etc/cni/net.d");
  expect(survey).toMatchObject({ runtimeReads: false, binDirs: ["/opt/cni/bin"] });
  expect(taken).toEqual(["containerd: k8s-pod-network", "CRI-O: k8s-pod-network"]);
});

test("without facts of a runtime, a survey has the networks of containerd and of CRI-O", async () => {
  expect((await surveyWith({ cniConfig: null })).taken).toEqual([
    "containerd: k8s-pod-network",
    "CRI-O: k8s-pod-network",
  ]);
  expect((await surveyWith(null)).taken).toHaveLength(2);
});

test("a survey with CRI-O has the first valid file, even after a broken one", async () => {
  const host = useHost({ "05-broken.conf": "{", "10-calico.conflist": CALICO });
  await useContainerd(host, { name: "cri-o", cniConfig: null }, "/var/run/crio/crio.sock");
  const survey = await takeSurvey({ hostRoot: host.root });
  expect(defaultNetworks(survey)).toMatchObject([{ runtime: "CRI-O", network: { name: "k8s-pod-network" } }]);
});

test("a directory is the runtime's by any path to it", async () => {
  const host = useHost();
  await useContainerd(host);
  symlinkSync("/etc/cni/net.d", host.path("/link"));
  expect(await takeSurvey({ hostRoot: host.root, confDir: "/link" })).toMatchObject({ runtimeReads: true });
});

test("a retaken survey has the new files and the same runtime", async () => {
  const { host, survey } = await surveyWith({});
  renameSync(host.path("/etc/cni/net.d/10-calico.conflist"), host.path("/etc/cni/net.d/30-c.conflist"));
  const again = retakeSurvey(survey, undefined);
  expect(again.conf.names).toEqual(["20-broken.conf", "30-c.conflist"]);
  expect(again.runtime).toBe(survey.runtime);
});
