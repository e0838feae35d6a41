import { Command } from "commander";
import { takeSurvey } from "../../machine/survey.ts";
import { addCommonOptions, type CommonOptions, placesOf } from "../common-options.ts";
import { type Colour, EXIT, escapeForTerminal, type Io, paint, printJson } from "../io.ts";
import { wrapText } from "../text-columns.ts";
import { checkSubject } from "./check.ts";
import { type Report, runChecks } from "./run-checks.ts";

export function doctorCommand(io: Io): Command {
  const command = new Command("doctor")
    .description("Check the taps, and the network they are in, for problems. Changes nothing.")
    .addHelpText(
      "after",
      `
Exit: 0 no error was found, 3 one was, 1 the checks could not run, 2 invalid usage.

Example:
  $ cnitap doctor --json | jq -r '.checks[] | select(.findings != []) | .id'
`,
    );
  return addCommonOptions(command).action(async (options: CommonOptions) => {
    const survey = await takeSurvey(placesOf(options));
    const reports = await runChecks(checkSubject(survey));
    const errors = reports
      .flatMap(({ findings }) => findings)
      .filter(({ level }) => level === "error").length;
    if (options.json) {
      const checks = reports.map(({ check, summary, findings, unknown }) => ({
        ...{ id: check.id, title: summary, findings },
        ...(unknown === null ? {} : { unknown }),
      }));
      printJson(io, { confDir: survey.confDir, errors, checks });
    } else {
      show(io, reports);
    }
    io.exitCode = errors > 0 ? EXIT.found : EXIT.fine;
  });
}

/** Where the texts begin, behind the widest label. */
const INDENT = 9;

function show(io: Io, reports: readonly Report[]): void {
  const text = (one: string) => wrapText(escapeForTerminal(one), INDENT, io.columns);
  const label = (colour: Colour, word: string) => paint(io, colour, word) + " ".repeat(INDENT - word.length);
  for (const { summary, findings, unknown } of reports) {
    if (unknown !== null) io.out(`${label("bold", "unknown")}${text(unknown)}\n`);
    else if (findings.length === 0) io.out(`${label("green", "ok")}${text(summary)}\n`);
    for (const { level, seen, advice } of findings) {
      const head = label(level === "error" ? "red" : "yellow", level);
      io.out(`${head}${text(seen)}\n${" ".repeat(INDENT)}${text(advice)}\n`);
    }
  }
}
