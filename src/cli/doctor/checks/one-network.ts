import { type Check, warning } from "../check.ts";

export const oneNetwork: Check = {
  id: "one-network",
  title: "there is one network",
  run({ networks, survey }) {
    const others = networks
      .filter(({ file }) => !survey.record.some((one) => one.source === file))
      .map(({ file }) => file);
    if (others.length < 2) return [];
    return [
      warning(
        `there are ${others.length}: ${others.join(", ")}; pods use the first`,
        "Remove those that are left over from another network plugin.",
      ),
    ];
  },
};
