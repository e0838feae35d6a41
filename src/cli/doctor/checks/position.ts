import { isTap } from "../../../conflist/tap-entries.ts";
import { type Check, warning } from "../check.ts";

export const position: Check = {
  id: "position",
  title: "the taps stand first and last",
  run({ tapped }) {
    return tapped.flatMap(({ file, plugins }) => {
      const types = plugins.map(({ type }) => type);
      const before = types.slice(0, Math.max(types.indexOf("cni_pre"), 0)).filter((type) => !isTap(type));
      const post = types.lastIndexOf("cni_post");
      const after = (post < 0 ? [] : types.slice(post + 1)).filter((type) => !isTap(type));
      const twice = types.filter((type, at) => isTap(type) && types.indexOf(type) !== at);
      return [
        ...before.map((type) =>
          warning(
            `${type} comes before cni_pre in ${file}`,
            "What it does is not logged; nothing else is wrong.",
          ),
        ),
        ...after.map((type) =>
          warning(
            `${type} comes after cni_post in ${file}`,
            "Its part of the result is not logged; nothing else is wrong.",
          ),
        ),
        ...twice.map((type) =>
          warning(`${type} is there twice in ${file}`, "Run cnitap install: it keeps one."),
        ),
      ];
    });
  },
};
