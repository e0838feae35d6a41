import { expect, test } from "vitest";
import { prevResultText, readCaptures } from "./captures.ts";
import { composeStdin, composeVariables, type LibcniCall, type LibcniCommand } from "./libcni.ts";

const captures = readCaptures();

const annotations = "io.kubernetes.cri.pod-annotations";

/** The capabilities of a capture's entry in the list. */
function capabilitiesOf(scenario: string, tap: string): readonly string[] {
  if (scenario === "annotations-1.0.0")
    return ["bandwidth", "cgroupPath", "dns", annotations, "portMappings"];
  return scenario === "big-1.1.0" && tap === "cni_pre" ? [annotations] : [];
}

function stanzaOf(scenario: string, type: string): LibcniCall["stanza"] {
  const declared = capabilitiesOf(scenario, type).map((key) => [key, true]);
  return { type, ...(declared.length > 0 && { capabilities: Object.fromEntries(declared) }) };
}

test.each(captures)("composes $name byte for byte", ({ scenario, tap, env, stdin }) => {
  const { CNI_COMMAND = "", CNI_CONTAINERID: containerId = "", CNI_NETNS: netns = "" } = env;
  const recorded: Record<string, unknown> = JSON.parse(stdin);
  const call: LibcniCall = {
    command: CNI_COMMAND as LibcniCommand,
    stanza: stanzaOf(scenario, tap),
    network: String(recorded.name),
    cniVersion: /\d+\.\d+\.\d+$/.exec(scenario)?.[0] ?? "1.1.0",
    path: ["/opt/cni/bin"],
    ...(containerId && {
      attachment: { containerId, netns, ifname: env.CNI_IFNAME ?? "", args: argsOf(env) },
    }),
    prevResult: prevResultText(stdin),
    runtimeConfig: recorded.runtimeConfig as LibcniCall["runtimeConfig"],
    valid: [
      { containerID: "67632d6b6565702e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e", ifname: "eth0" },
    ],
  };
  expect(composeStdin(call)).toBe(stdin);
  expect(composeVariables(call)).toEqual(env);
});

function argsOf({ CNI_ARGS = "" }: Readonly<Record<string, string>>): [string, string][] {
  return CNI_ARGS.split(";").map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}
