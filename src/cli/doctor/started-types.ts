import { readFileSync } from "node:fs";
import { delegatesOf } from "../../conflist/delegates.ts";
import { neededTypes } from "../../conflist/tap-entries.ts";
import type { Survey } from "../../machine/survey.ts";
import type { CheckSubject } from "./check.ts";

const CONFIG = "/etc/containerd/config.toml";

/** The types of the executables that the networks' lists and drop-ins name, once each, in order. */
export function listedTypes({ used, survey }: CheckSubject): string[] {
  const dropIns = survey.conf.dropIns.some(({ text }) => text?.includes('"cni_post"')) ? ["cni_post"] : [];
  return [...new Set([...used.flatMap(neededTypes), ...dropIns])];
}

/** The same with delegates, and with the loopback plugin, which the runtime starts for each pod. */
export function startedTypes(subject: CheckSubject): string[] {
  const more = startsLoopback(subject.survey) ? ["loopback"] : [];
  return [...new Set([...listedTypes(subject), ...subject.used.flatMap(delegatesOf), ...more])];
}

/** Whether the runtime has a loopback network of its own: containerd and CRI-O, unless they are told otherwise. */
export function startsLoopback({ root, runtime }: Survey): boolean {
  if (runtime === null || !["containerd", "cri-o"].includes(runtime.name)) return false;
  try {
    return !/^\s*use_internal_loopback\s*=\s*true/m.test(readFileSync(root.at(CONFIG), "utf8"));
  } catch {
    return true;
  }
}
