import { benchNri } from "./bench/nri.ts";
console.log((await benchNri(Number(process.argv[2] ?? 20000), (l) => console.error(l))).join("\n"));
