/*
 * For `NODE_OPTIONS=--require=…`: a real SIGKILL at the n-th call that changes files. FS_CALLS=<file> writes there how
 * many there were; FS_KILL_AT=<n> kills before the n-th, and in the middle of it where it writes content.
 * FS_REPLACE=<path>:<other> renames <other> over <path> once, before the first fsync of a file that is to replace it;
 * FS_REPLACE=<path>:<other>:<written> before that of one that is to replace <written>.
 * FS_MEND=<path>:<other> renames <other> over <path> once <path> has been read twice.
 * FS_TRACE=<file> writes there the calls in their order, one a line: name, mode where it sets one, and the paths.
 */
const fs = require("node:fs");
const path = require("node:path");

const killAt = Number(process.env.FS_KILL_AT || 0);
const [victim, other, written = victim] = (process.env.FS_REPLACE || "").split(":");
const trace = [];
const original = { ...fs };
const temps = new Set();
let calls = 0;

function hook(name, isChange = () => true) {
  const real = original[name];
  fs[name] = (...args) => {
    if (isChange(...args)) {
      calls++;
      if (calls === killAt) {
        if (name === "writeFileSync") {
          const half = Buffer.from(args[1]).subarray(0, args[1].length / 2);
          original.writeFileSync(args[0], half);
        }
        process.kill(process.pid, "SIGKILL");
      }
    }
    if (process.env.FS_TRACE && isChange(...args)) trace.push(describe(name, args));
    if (name === "fsyncSync" && other && temps.has(args[0]) && fs.existsSync(other))
      original.renameSync(other, victim);
    const result = real(...args);
    if (name === "openSync" && written && String(args[0]).includes(`.${path.basename(written)}.`))
      temps.add(result);
    return result;
  };
}

function describe(name, args) {
  const place = typeof args[0] === "number" ? original.readlinkSync(`/proc/self/fd/${args[0]}`) : args[0];
  const mode = /chmod/.test(name) ? [args[1].toString(8)] : [];
  return [name, ...mode, place, ...(name === "renameSync" ? [args[1]] : [])].join(" ");
}

const writes = (_, flags = "r") => typeof flags === "number" || flags !== "r";
hook("openSync", writes);
hook("writeFileSync", (file) => typeof file === "number" || typeof file === "string");
for (const name of [
  "renameSync",
  "symlinkSync",
  "rmSync",
  "mkdirSync",
  "rmdirSync",
  "fchmodSync",
  "chmodSync",
  "fchownSync",
  "fsyncSync",
])
  hook(name);
for (const name of ["mkdir", "rmdir", "utimes"]) hook(name); // proper-lockfile's
const [broken, whole] = (process.env.FS_MEND || "").split(":");
let reads = 0;
if (whole)
  fs.readFileSync = (...args) => {
    const text = original.readFileSync(...args);
    if (args[0] === broken && ++reads === 2) original.renameSync(whole, broken);
    return text;
  };

process.on("exit", () => {
  if (process.env.FS_CALLS) original.writeFileSync(process.env.FS_CALLS, String(calls));
  if (process.env.FS_TRACE) original.writeFileSync(process.env.FS_TRACE, trace.join("\n"));
});
