import { existsSync } from "node:fs";
import { stanzasOf } from "../../../conflist/delegates.ts";
import { SUBNET_FILE } from "../../../node-state/pools.ts";
import { type Check, error } from "../check.ts";

export const flannel: Check = {
  id: "flannel",
  title: "flannel's daemon has said which subnet this node has",
  allowsInstall: true, // it changes nothing about it
  run({ used, survey }) {
    const files = used.flatMap((network) =>
      stanzasOf(network)
        .filter(({ type }) => type === "flannel")
        .map(({ keys: { subnetFile } }) => (typeof subnetFile === "string" ? subnetFile : SUBNET_FILE)),
    );
    return [...new Set(files)]
      .filter((file) => !existsSync(survey.root.at(file)))
      .map((file) =>
        error(
          `${file} is not there: flannel's daemon has not written it`,
          "See why flanneld does not run on this node (kubectl -n kube-flannel logs -l app=flannel); until then no pod starts.",
        ),
      );
  },
};
