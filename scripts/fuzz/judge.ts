import type { Answer, Call } from "./call.ts";
import type { Prediction } from "./predict.ts";

/** Matches time and PID, which differ from call to call. */
const MOMENT =
  /^(\{"v":1,"time":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z","tap":"(?:pre|post)","build":"[^"]+","pid":)\d+,/;
const CLASSIC =
  /^(?:CNI_COMMAND=[^,]+,CNI_CONTAINERID=[^,]*,(?:input|output)=\{?|stdin is not JSON: |env CNI_)/;
const LOG_FAULT = /Cannot (?:open|use|write to) logFile/;

function withoutMoment(line: string): string {
  return line.replace(MOMENT, "$1$2");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "latin1").toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The faults of an answer; empty if there are none. */
export function judge(call: Call, prediction: Prediction, answer: Answer): string[] {
  return [...judgeAlone(call, answer), ...judgeLine(answer.log), ...judgeAgainst(prediction, answer)];
}

/** Checks that do not need the prediction. */
function judgeAlone({ role, env, stdin }: Call, { code, signal, stdout, stderr }: Answer): string[] {
  const faults: string[] = [];
  const command = env.CNI_COMMAND ?? "";
  const add = command === "ADD";
  if (signal !== null) faults.push(`ended by signal ${signal}`);
  if (code !== 0 && code !== 1) faults.push(`exit code ${code}`);
  if (stderr !== "" && !new RegExp(`^cni_${role}: Cannot [^\\n]+\\n$`).test(stderr))
    faults.push("stderr is not one complaint");
  if (stderr.includes("tap script failed")) faults.push("the last resort answered");
  if (stdout !== "" && parse(stdout) === undefined) faults.push("the reply is not JSON");

  const request = parse(stdin);
  const legal =
    (add || command === "CHECK" ? Boolean(env.CNI_CONTAINERID) && isObject(request) : true) && command !== "";
  if (code !== (legal ? 0 : 1)) faults.push(`exit code ${code} of a ${legal ? "legal" : "faulty"} call`);
  const speaks = add || command === "VERSION" || !legal;
  if (speaks !== (stdout !== "")) faults.push(speaks ? "no reply" : "a reply where none is due");
  if (add && legal && isObject(request) && request.prevResult !== undefined && request.prevResult !== null) {
    const same = JSON.stringify(parse(stdout)) === JSON.stringify(request.prevResult);
    if (!same || !stdin.includes(stdout)) faults.push("the reply is not prevResult's very bytes");
  }
  return faults;
}

/** Checks that a log is at most one line in a valid format. */
function judgeLine(log: string): string[] {
  if (log === "") return [];
  if (log.indexOf("\n") !== log.length - 1 || log.includes("\r")) return ["the log is not one line"];
  if (!log.startsWith("{")) return CLASSIC.test(log) ? [] : ["the classic line cannot be read"];
  const line = parse(log);
  if (!isObject(line) || line.v !== 1 || !MOMENT.test(log)) return ["the json line cannot be read"];
  const last = Object.keys(line).at(-1);
  return last === "input" || last === "output" || last === "note" ? [] : [`the json line ends in ${last}`];
}

/** Checks that the executable does the same as its script on the host's twin. */
function judgeAgainst(prediction: Prediction, { code, stdout, stderr, log }: Answer): string[] {
  const faults: string[] = [];
  if (code !== prediction.code) faults.push(`exit code ${code}, the twin's is ${prediction.code}`);
  if (stdout !== prediction.stdout) faults.push("the reply is not the twin's");
  const expected = prediction.line?.text ?? "";
  const unwritten = log === "" && LOG_FAULT.test(stderr);
  if (!unwritten && withoutMoment(log) !== withoutMoment(expected)) faults.push("the line is not the twin's");
  // The twin's log never fails: faults of the real log can only follow its complaints.
  const said = prediction.stderr.trimEnd();
  if (prediction.line === null ? stderr !== prediction.stderr : !stderr.startsWith(said))
    faults.push("the complaint is not the twin's");
  return faults;
}
