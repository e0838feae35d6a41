import { retakeSurvey, takeSurvey } from "../../machine/survey.ts";
import { carryOut, checkLoaded, retryWhileFilesChange, sayLoaded } from "../carry-out.ts";
import { type CommonOptions, placesOf } from "../common-options.ts";
import { EXIT, escapeForTerminal, type Io, paint, printJson } from "../io.ts";
import { paintDiff, showNotes, stepDiff, stepJson, stepLine } from "../show-steps.ts";
import {
  planUninstall,
  type UninstalledNetwork,
  type UninstallPlan,
  type UninstallRequest,
} from "./plan-uninstall.ts";

/** Removes the taps and reports it. Returns the exit code. */
export async function uninstall(
  io: Io,
  options: CommonOptions,
  request: UninstallRequest & { readonly dryRun: boolean },
): Promise<number> {
  const places = placesOf(options);
  const survey = await takeSurvey(places);
  const make = () => planUninstall(retakeSurvey(survey, places.binDir), request);
  if (request.dryRun) {
    showPlan(io, await retryWhileFilesChange(make), options.json === true);
    return EXIT.fine;
  }
  const done = await carryOut(survey, make, (line) => io.err(`cnitap: ${line}\n`));
  const loaded = done.steps.length === 0 ? null : await checkLoaded(survey, done.expected);
  if (options.json) {
    const runtime = loaded && {
      name: loaded.runtime.name,
      version: loaded.runtime.version,
      loaded: loaded.ok,
    };
    printJson(io, {
      changed: done.steps.length > 0,
      networks: done.networks,
      steps: done.steps.map(stepJson),
      kept: done.kept,
      notes: done.notes,
      runtime,
    });
  } else {
    show(io, done, sayLoaded(survey, loaded), request.purge);
  }
  return loaded && !loaded.ok ? EXIT.found : EXIT.fine;
}

function showPlan(io: Io, plan: UninstallPlan, json: boolean): void {
  if (json) {
    const { networks, steps, kept, notes } = plan;
    printJson(io, { networks, steps: steps.map(stepJson), kept, notes });
    return;
  }
  if (plan.steps.length === 0) io.out("Nothing to do: no network has taps.\n");
  for (const step of plan.steps) {
    const diff = stepDiff(step);
    io.out(
      diff === null ? `${stepLine(step, "will")}\n` : `${stepLine(step, "will")}\n${paintDiff(io, diff)}`,
    );
  }
  showKept(io, plan.kept);
  showNotes(io, plan.notes);
}

function show(
  io: Io,
  { networks, steps, kept, notes }: UninstallPlan,
  loaded: string,
  purged: boolean,
): void {
  if (steps.length === 0) {
    io.out("Nothing to do: no network has taps.\n");
    showKept(io, kept);
    return;
  }
  for (const one of networks) io.out(`${paint(io, "bold", escapeForTerminal(sentence(one)))}\n`);
  for (const step of steps) io.out(`  ${stepLine(step, "did")}\n`);
  if (networks.length > 0) io.out(`${loaded}\n`);
  showKept(io, kept);
  showNotes(io, notes);
  if (!purged) {
    io.out(
      "The executables stay for pods that were made with them; cnitap uninstall --purge removes them.\n",
    );
  }
}

function showKept(io: Io, kept: UninstallPlan["kept"]): void {
  for (const { path, why } of kept) io.out(`${escapeForTerminal(path)} stays: ${escapeForTerminal(why)}.\n`);
}

function sentence({ network, file, original }: UninstalledNetwork): string {
  const start = `Uninstalled from the network ${network} (${file})`;
  if (original === null) return `${start}.`;
  return original
    ? `${start}: the file has its original bytes.`
    : `${start}: others changed the file after the installation; only the taps were removed.`;
}
