import { isProgram } from "../../../conflist/tap-entries.ts";
import type { Check } from "../check.ts";
import { listedTypes } from "../started-types.ts";
import { missing } from "./plugins.ts";

const EFFECT = "until then every pod of its network fails, and each retry may leave an address.";

export const lostTaps: Check = {
  id: "lost-taps",
  title: "the executables of the taps are where the runtime looks",
  allowsInstall: true, // install brings them
  run(subject) {
    const types = listedTypes(subject).filter(isProgram);
    return types.flatMap((type) => {
      const command = type === "cni_wrap" ? "cnitap install --mode wrap" : "cnitap install";
      return missing(subject, type, `Run ${command}; ${EFFECT}`);
    });
  },
};
