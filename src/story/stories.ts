import type { CallLine, LogLine, Note, Payload, PodEventLine, WrapLine } from "../log/log-line.ts";
import { GonePods } from "./gone-pods.ts";
import { Memo } from "./memo.ts";
import { type Request, readRequest } from "./request.ts";
import { RequestReader } from "./request-reader.ts";
import type {
  Attachment,
  Call,
  EventSeen,
  LineNumber,
  PluginCall,
  PluginEnded,
  PodStory,
  Strays,
  TapCall,
} from "./story.ts";
import { timeOf } from "./time.ts";

/** How many stories are open at a time, unless told otherwise. */
export const OPEN_MOST = 30_000;

/** So many results are compared with the next one. */
const RESULTS_MOST = 200;

export interface StoriesOptions {
  /** Of more stories than this the oldest are closed. */
  readonly mostOpen?: number;
  /** Only these pods, by container ID. */
  readonly only?: ReadonlySet<string>;
  /** Whether requests are kept too: they are most of a log. */
  readonly keepInputs?: boolean;
  /** Whether results are left out: then `output` is empty. */
  readonly dropOutputs?: boolean;
  /** Whether stories of pods that were removed are closed a while after that. Later lines about them are left out. */
  readonly closeGone?: boolean;
  /**
   * Gets each story of a pod that was removed a while ago, instead of `closeGone`. It answers whether it has dealt with it: then
   * the story is dropped, and later lines about the pod begin another one, which is `resumed`.
   */
  readonly settle?: (story: PodStory) => boolean;
  /** Whether what findings need of a request is kept. */
  readonly keepRequests?: boolean;
  /** Gets each story that is over. */
  readonly close: (story: PodStory) => void;
}

/** Makes stories of the lines of a log, which may come a little out of order. */
export class Stories {
  readonly strays: Strays = { torn: 0, foreign: 0, empty: 0, notes: 0 };
  /** How many stories were closed because there were too many. */
  closedEarly = 0;
  readonly #options: StoriesOptions;
  readonly #mostOpen: number;
  /** By container ID; the one with the latest line is the last. */
  readonly #open = new Map<string, PodStory>();
  #latest: PodStory | null = null;
  readonly #gone: GonePods | null;
  readonly #requests = new RequestReader();
  /** The plugins of a chain hand on one result: it is kept once. */
  readonly #texts = new Memo(RESULTS_MOST, (text) => text);

  constructor(options: StoriesOptions) {
    this.#options = options;
    this.#mostOpen = options.mostOpen ?? OPEN_MOST;
    this.#gone = options.closeGone || options.settle ? new GonePods() : null;
  }

  /**
   * Adds a line.
   * @param read null: no line of ours
   */
  add(line: LineNumber, text: string, read: LogLine | null): void {
    if (read === null) {
      if (text === "") this.strays.empty++;
      else if (isTorn(text)) this.strays.torn++;
      else this.strays.foreign++;
    } else if (read.kind === "note" || read.containerId === null) {
      this.strays.notes++;
    } else if (this.#options.only === undefined || this.#options.only.has(read.containerId)) {
      const resumed = this.#gone?.wasClosed(read) === true;
      if (resumed && !this.#options.settle) return;
      const story = this.#storyOf(read.containerId, resumed);
      if (read.kind === "pod") addEvent(story, line, read);
      else if (read.kind === "wrap") addPluginLine(story, line, read, this.#kept(read.content, read.command));
      else addTapCall(story, line, read, this.#kept(read.content, read.command));
      this.#gone?.note(line, read);
      if (this.#gone) for (const id of this.#gone.over(line)) this.#closeGone(id, this.#gone);
    }
  }

  /** What is kept of a payload. */
  #kept(content: Payload | Note, command: string): Kept {
    const { keepInputs = false, keepRequests = false, dropOutputs = false } = this.#options;
    if (content.kind === "note") return { input: null, request: null, output: null, note: content.text };
    if (content.kind === "output") {
      const output = dropOutputs ? "" : this.#texts.get(content.json);
      return { input: null, request: null, output, note: null };
    }
    if (!keepInputs && !keepRequests) return NOTHING;
    const input = keepInputs ? content.json : null;
    const request = keepRequests ? this.#requestOf(content, command) : null;
    return { input, request, output: null, note: null };
  }

  #requestOf(content: Payload, command: string): Request | null {
    const { span } = content;
    const request = (span && this.#requests.read(span, command)) ?? readRequest(content.json, command);
    if (request === null || request.prevResult === null || command !== "ADD") return request;
    return { ...request, prevResult: this.#texts.get(request.prevResult) };
  }

  /** Closes all stories; the log is over. */
  end(): void {
    for (const story of this.#open.values()) this.#options.close(story);
    this.#open.clear();
    this.#latest = null;
  }

  #closeGone(containerId: string, gone: GonePods): void {
    const story = this.#open.get(containerId);
    const { settle, close } = this.#options;
    if (story && settle?.(story) === false) return;
    if (story && !settle) close(story);
    this.#open.delete(containerId);
    this.#latest = null;
    gone.close(containerId);
  }

  #storyOf(containerId: string, resumed: boolean): PodStory {
    if (this.#latest?.containerId === containerId) return this.#latest;
    const known = this.#open.get(containerId);
    const story = known ?? newStory(containerId, resumed);
    if (known) this.#open.delete(containerId);
    else if (resumed) this.#gone?.reopen(containerId);
    this.#open.set(containerId, story);
    this.#latest = story;
    if (this.#open.size > this.#mostOpen) this.#closeOldest();
    return story;
  }

  #closeOldest(): void {
    const oldest = this.#open.values().next().value;
    if (!oldest) return;
    this.#open.delete(oldest.containerId);
    this.closedEarly++;
    this.#options.close(oldest);
    if (this.#options.settle) this.#gone?.close(oldest.containerId);
  }
}

function newStory(containerId: string, resumed: boolean): PodStory {
  return { containerId, namespace: null, name: null, uid: null, attachments: [], events: [], resumed };
}

type Kept = Pick<TapCall, "input" | "request" | "output" | "note">;

const NOTHING: Kept = { input: null, request: null, output: null, note: null };

/** Whether a line that cannot be read begins as ours do. */
export function isTorn(text: string): boolean {
  return text.startsWith('{"v":1,') || text.startsWith("CNI_COMMAND=") || text.startsWith("NRI_EVENT=");
}

function addEvent(story: PodStory, line: LineNumber, read: PodEventLine): void {
  const { namespace, name, uid, netns, ips } = read.pod;
  story.namespace ??= namespace;
  story.name ??= name;
  story.uid ??= uid;
  const seen: EventSeen = { line, timeMs: timeOf(read.time), event: read.event, netns, ips };
  // Two observers tell the same; a Synchronize comes with each new connection.
  const last = story.events.at(-1);
  const again = last?.event === seen.event && (seen.event !== "Synchronize" || last.timeMs === seen.timeMs);
  if (!again) story.events.push(seen);
}

/** Takes the pod's name from CNI_ARGS, which every call has. */
function addName(story: PodStory, args: Readonly<Record<string, string>> | null): void {
  if (args === null) return;
  story.namespace = args.K8S_POD_NAMESPACE ?? story.namespace;
  story.name = args.K8S_POD_NAME ?? story.name;
  story.uid = args.K8S_POD_UID ?? story.uid;
}

/** The attachment of a line. One whose interface is not told belongs to the only one there is. */
function attachmentOf(story: PodStory, ifname: string | null, network: string | null): Attachment {
  const found = story.attachments.find(
    (one) =>
      (one.ifname === ifname || ifname === null || one.ifname === null) &&
      (one.network === network || network === null || one.network === null),
  );
  if (found) {
    found.network ??= network;
    return found;
  }
  const attachment: Attachment = { ifname, network, calls: [] };
  story.attachments.push(attachment);
  return attachment;
}

/** Of the attachments whose network is not told, the one that a line without one belongs to: where this is open. */
function openOne(story: PodStory, isOpen: (calls: readonly Call[]) => boolean): Attachment | null {
  return story.attachments.find(({ calls }) => isOpen(calls)) ?? null;
}

/** Whether an ADD has begun and has no result yet. */
function hasOpenAdd(calls: readonly Call[]): boolean {
  const last = calls.findLast((call) => call.kind === "tap" && call.command === "ADD");
  return last?.kind === "tap" && last.tap === "pre";
}

/** The name of the network in a request of the classic format; a result has none. */
export function networkOf(json: string): string | null {
  const request: unknown = JSON.parse(json);
  const has = typeof request === "object" && request !== null && "name" in request;
  return has && typeof request.name === "string" ? request.name : null;
}

function addTapCall(story: PodStory, line: LineNumber, read: CallLine, kept: Kept): void {
  const { content, command, netns, cniVersion, format } = read;
  addName(story, read.args);
  const classicInput = format === "classic" && content.kind === "input" ? content.json : null;
  const network = classicInput === null ? read.network : networkOf(classicInput);
  // In the classic format cni_pre logs nothing but the input of an ADD.
  const first = command === "ADD" && content.kind === "input";
  const tap = read.tap === "pre" || (read.tap === null && first) ? "pre" : "post";
  const unknown = format === "classic" && network === null;
  const attachment = (unknown && openOne(story, hasOpenAdd)) || attachmentOf(story, read.ifname, network);
  const { input, request, output, note } = kept;
  const timeMs = timeOf(read.time);
  attachment.calls.push({
    kind: "tap",
    line,
    timeMs,
    tap,
    command,
    netns,
    cniVersion,
    input,
    output,
    note,
    format,
    request,
  });
}

function addPluginLine(story: PodStory, line: LineNumber, read: WrapLine, kept: Kept): void {
  const { plugin, pid, command, netns, cniVersion, content, end, format } = read;
  addName(story, read.args);
  const classicInput = format === "classic" && end === null ? content.json : null;
  const network = classicInput === null ? read.network : networkOf(classicInput);
  const isBegun = (call: Call): call is PluginCall =>
    call.kind === "plugin" &&
    call.end === null &&
    call.plugin === plugin &&
    call.command === command &&
    call.pid === pid;
  const unknown = format === "classic" && network === null;
  const attachment =
    (unknown && openOne(story, (calls) => calls.some(isBegun))) || attachmentOf(story, read.ifname, network);
  const { input, request, output } = kept;
  const { calls } = attachment;
  let timeMs = timeOf(read.time);
  let ended: PluginEnded | null = null;
  if (end !== null) {
    const { ms, exit, signal, stderr, outputBytes } = end;
    ended = { line, timeMs, ms, exit, signal, stderr, outputBytes, output: output ?? "" };
    const begun = calls.findLast(isBegun);
    if (begun) {
      begun.end = ended;
      return;
    }
    if (timeMs !== null) timeMs -= ms;
  }
  calls.push({
    kind: "plugin",
    line,
    timeMs,
    plugin,
    pid,
    command,
    netns,
    cniVersion,
    input,
    format,
    request,
    end: ended,
  });
}
