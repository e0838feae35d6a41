import { benchNri } from "./bench/nri.ts";
console.log((await benchNri(20000, (l) => console.error(l))).join("\n"));
