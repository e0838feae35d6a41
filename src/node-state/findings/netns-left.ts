import { type Look, nodeCheck, nodeFinding, quoted } from "./node-finding.ts";

/** As containerd names them. Those of other runtimes, or made by hand, have other names. */
const NAME = /^cni-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A network namespace of a runtime's that no pod uses any more. */
export const netnsLeft = nodeCheck(
  (look) => {
    const { facts, lives } = look;
    if (facts.runtime === null || !lives.seesProcesses) return [];
    const used = usedPaths(look);
    return facts.namespaces.mounted
      .filter(({ path, inode }) => {
        const name = path.slice(path.lastIndexOf("/") + 1);
        return NAME.test(name) && !used.has(canonical(path)) && !facts.processes?.namespaces.has(inode);
      })
      .map(({ path, inode }) => ({ key: `${path} ${inode}`, path }));
  },
  (left) =>
    left.map(({ path }) =>
      nodeFinding({
        ...{ code: "netns-left", severity: "warning", files: [path] },
        brief: "a network namespace that nobody uses was left behind",
        sentence: `The network namespace ${path} is no pod's, no process is in it, and no call is under way for it`,
        advice: `ip netns delete ${quoted(path.slice(path.lastIndexOf("/") + 1))}: the interfaces in it are lost.`,
      }),
    ),
);

function usedPaths({ facts, log }: Look): Set<string> {
  const cached = facts.cache.map(({ attachment }) => attachment?.netns);
  const pods = (facts.runtime?.pods ?? []).map(({ netns }) => netns);
  const calls = (facts.processes?.calls ?? []).map(({ netns }) => netns);
  const logged = [...log.byId.values()].flatMap(({ attachments }) =>
    attachments.filter(({ state }) => state === "adding").map(({ netns }) => netns),
  );
  return new Set(
    [...cached, ...pods, ...calls, ...logged].flatMap((path) => (path ? [canonical(path)] : [])),
  );
}

/** /var/run is a link to /run. */
function canonical(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}
