import { basename, join } from "node:path";
import { delegatesOf } from "../../../conflist/delegates.ts";
import type { Network } from "../../../conflist/network.ts";
import { entryOf } from "../../../conflist/tap-entries.ts";
import { typeOf } from "../../../conflist/wrapped-plugin.ts";
import { isMembers, parseJson } from "../../../log/json.ts";
import { readSmallFile } from "../../../machine/read-small-file.ts";
import { type Check, type CheckSubject, error } from "../check.ts";

const TYPES = ["multus", "multus-shim"];
/** The thick plugin's own configuration, below the configuration directory. */
const DAEMON = "multus.d/daemon-config.json";
const MOST_BYTES = 1 << 20;

export const multus: Check = {
  id: "multus",
  title: "Multus' default network is another plugin's",
  allowsInstall: true, // it does not touch it
  run(subject) {
    const { networks } = subject;
    const own = networks.filter((network) =>
      network.plugins.some((plugin) => TYPES.includes(typeOf(plugin) ?? "")),
    );
    return own
      .filter(
        (network) => isOwn(network, subject) || delegatesOf(network).some((type) => TYPES.includes(type)),
      )
      .map(({ file }) =>
        error(
          `Multus' default network is its own file, ${file}: it starts itself again and again`,
          "Name the main plugin's file as Multus' clusterNetwork (or let it find that one first), and restart Multus on this node.",
        ),
      );
  },
};

/** Whether the default network that is named is the file itself. */
function isOwn(network: Network, { survey }: CheckSubject): boolean {
  const daemon = readSmallFile(survey.root.at(join(survey.confDir, DAEMON)), MOST_BYTES);
  const config = daemon.kind === "text" ? parseJson(daemon.text) : null;
  const named = [
    ...network.plugins.map((plugin) => entryOf(network, plugin).clusterNetwork),
    ...(isMembers(config) ? [config.clusterNetwork] : []),
  ];
  return named.some(
    (one) => typeof one === "string" && (one === network.name || basename(one) === network.file),
  );
}
