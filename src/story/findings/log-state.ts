import { aboutLog, type Check, counted, listed, type MakeCheck } from "./finding.ts";

const LINES_MOST = 100;

/** Half lines, which a full disk leaves, and lines of taps of several builds. */
export const logState: MakeCheck = (log, report): Check => ({
  end: () => {
    const { torn, builds } = log;
    if (torn.length > 0) {
      const what = counted(torn.length, "half line");
      report(
        aboutLog(null, {
          ...{ code: "torn-line", severity: "note", lines: torn.slice(0, LINES_MOST) },
          brief: "half lines",
          sentence: `The log has ${what}: what ${torn.length === 1 ? "it" : "they"} told is missing here`,
          advice: "A full disk or a limit cuts lines: see the runtime's journal for complaints of the taps.",
        }),
      );
    }
    if (builds.size > 1)
      report(
        aboutLog(null, {
          ...{ code: "mixed-versions", severity: "note", lines: [...builds.values()] },
          brief: "taps of several builds",
          sentence: `The log has lines of taps of several builds: ${listed([...builds.keys()])}`,
          advice: "cnitap status says which are installed; cnitap install replaces them all.",
        }),
      );
  },
});
