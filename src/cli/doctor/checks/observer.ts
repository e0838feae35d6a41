import { loadTaps } from "../../../machine/carried-taps.ts";
import { gatherObserver, type ObserverStatus } from "../../observer-status.ts";
import { type Check, type CheckSubject, error, type Finding, warning } from "../check.ts";

const INSTALL = "Run cnitap install --observe";

export const observer: Check = {
  id: "observer",
  title: "no observer is set up",
  allowsInstall: true, // pods do not need it, and install --observe repairs it
  summarize({ survey }) {
    const status = gatherObserver(survey, loadTaps());
    const pids = status?.processes?.map(({ pid }) => pid) ?? [];
    if (pids.length > 0) return `the observer runs (pid ${pids.join(", ")})`;
    return status ? "the observer is installed as it should be" : this.title;
  },
  run(subject) {
    const status = gatherObserver(subject.survey, loadTaps());
    return status ? [...ofFiles(status), ...ofLinks(status), ...ofProcesses(status, subject)] : [];
  },
};

function ofFiles({ executable, unit }: ObserverStatus): Finding[] {
  const found: Finding[] = [];
  const isUsed = unit.state === "same" || unit.state === "other";
  if (isUsed && executable.state === "missing") {
    return [
      error(
        `${unit.path} is there, and ${executable.path}, which it starts, is not`,
        `${INSTALL}, or cnitap uninstall to remove the unit.`,
      ),
    ];
  }
  if (isUsed && unit.active !== null && unit.active !== "active") {
    found.push(
      error(
        `${unit.path} is ${unit.active}: no pod events are logged`,
        "journalctl -u cnitap-observe says why. systemctl restart cnitap-observe starts it.",
      ),
    );
  }
  if (executable.state === "other") {
    found.push(
      warning(
        `${executable.path} (version ${executable.version}) is not the one that this cnitap installs`,
        `${INSTALL} with the cnitap of the version that you want.`,
      ),
    );
  }
  if (unit.state === "other") {
    found.push(
      warning(
        `${unit.path} is of another version of cnitap, or was edited`,
        `${INSTALL} to replace it. What you want to change, change with systemctl edit cnitap-observe.`,
      ),
    );
  }
  return found;
}

function ofLinks({ links, executable }: ObserverStatus): Finding[] {
  return links.flatMap(({ path, leadsTo }): Finding[] => {
    if (leadsTo === "observer") return [];
    if (leadsTo === "nothing") {
      return [
        error(
          `${path} leads nowhere, so the runtime launches no observer`,
          `${INSTALL}=nri, or remove the link.`,
        ),
      ];
    }
    return [
      warning(
        `${path} leads to cnitap, which stays in memory beside the observer that it starts, with 50 MB`,
        `Link the observer itself: rm ${path}, and cnitap install --observe=nri. It puts ${executable.path} there, too.`,
      ),
    ];
  });
}

function ofProcesses({ processes }: ObserverStatus, { logFiles }: CheckSubject): Finding[] {
  const found: Finding[] = [];
  if (!processes) return [];
  if (processes.length > 1) {
    found.push(
      warning(
        `${processes.length} observers run (pid ${processes.map(({ pid }) => pid).join(", ")}): if they watch the same runtime, each event is logged that often`,
        "End all but one.",
      ),
    );
  }
  for (const { pid, state, log, outdated } of processes) {
    const restart = "Restart it: systemctl restart cnitap-observe, if it is that service.";
    if (state === "other")
      found.push(
        warning(`the observer that runs (pid ${pid}) is of another build than this cnitap`, restart),
      );
    if (log !== null && !logFiles.includes(log)) {
      found.push(
        warning(
          `the observer (pid ${pid}) logs to ${log}, and the taps to ${logFiles.join(", ")}`,
          "Without options it logs as the taps do: start it without --log-file.",
        ),
      );
    } else if (outdated) {
      found.push(
        warning(
          `the observer (pid ${pid}) was started before the last installation, and logs as the taps did then`,
          restart,
        ),
      );
    }
  }
  return found;
}
