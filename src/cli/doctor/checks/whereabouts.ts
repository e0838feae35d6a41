import { existsSync } from "node:fs";
import { stanzasOf } from "../../../conflist/delegates.ts";
import { isMembers } from "../../../log/json.ts";
import { type Check, error } from "../check.ts";

/** Where it looks by itself. */
const DEFAULTS = [
  "/etc/kubernetes/cni/net.d/whereabouts.d/whereabouts.conf",
  "/etc/cni/net.d/whereabouts.d/whereabouts.conf",
  "/host/etc/cni/net.d/whereabouts.d/whereabouts.conf",
];

export const whereabouts: Check = {
  id: "whereabouts",
  title: "whereabouts finds its configuration",
  allowsInstall: true, // it does not touch it
  run({ used, survey }) {
    return used.flatMap((network) =>
      stanzasOf(network)
        .filter(({ type, keys }) => type === "whereabouts" && !isWhole(keys))
        .flatMap(({ keys: { configuration_path: named } }) => {
          const paths = typeof named === "string" && named !== "" ? [named] : DEFAULTS;
          if (paths.some((path) => existsSync(survey.root.at(path)))) return [];
          return [
            error(
              `whereabouts of ${network.file} has no configuration: ${paths.join(", ")} ${paths.length === 1 ? "is" : "are"} not there`,
              'Set "configuration_path" in its ipam to where the file is (k3s keeps it below /var/lib/rancher/k3s/agent/etc/cni/net.d).',
            ),
          ];
        }),
    );
  },
};

/** Whether the stanza itself says how to reach the API server. */
function isWhole({ kubernetes }: Readonly<Record<string, unknown>>): boolean {
  return isMembers(kubernetes) && typeof kubernetes.kubeconfig === "string";
}
