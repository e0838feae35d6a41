/*
 * For `NODE_OPTIONS=--require=…`: a real SIGKILL at the n-th call that changes files. FS_CALLS=<file> writes there how
 * many there were; FS_KILL_AT=<n> kills before the n-th, and in the middle of it where it writes content.
 * FS_REPLACE=<path>:<other> renames <other> over <path> once, before the first fsync of a file that is to replace it.
 */
const fs = require("node:fs");
const path = require("node:path");

const killAt = Number(process.env.FS_KILL_AT || 0);
const [victim, other] = (process.env.FS_REPLACE || "").split(":");
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
    if (name === "fsyncSync" && other && temps.has(args[0]) && fs.existsSync(other))
      original.renameSync(other, victim);
    const result = real(...args);
    if (name === "openSync" && victim && String(args[0]).includes(`.${path.basename(victim)}.`))
      temps.add(result);
    return result;
  };
}

const writes = (_, flags = "r") => typeof flags === "number" || flags !== "r";
hook("openSync", writes);
hook("writeFileSync", (file) => typeof file === "number" || typeof file === "string");
for (const name of [
  "renameSync",
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
if (process.env.FS_CALLS)
  process.on("exit", () => original.writeFileSync(process.env.FS_CALLS, String(calls)));
