import type { BareCall } from "./wrapped.ts";

/** What a plugin may do, good and bad. The steps are those of `ill`. */
export interface Behaviour extends Pick<BareCall, "ill" | "config" | "options" | "env"> {
  readonly ill: string;
}

const result = '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}';
const failure = '{"cniVersion":"1.0.0","code":11,"msg":"no address left","details":""}';
const big = { cniVersion: "1.0.0", name: "n", prevResult: { text: "x".repeat(300_000) } };

/** Signals that end a process: not those that stop it, nor those that it does not notice. */
const harmless = [17, 18, 19, 20, 21, 22, 23, 28];
export const deadly = Array.from({ length: 64 }, (_, i) => i + 1).filter((n) => !harmless.includes(n));

export const answers: Readonly<Record<string, Behaviour>> = {
  "prints a result": { ill: `read;out:${result}` },
  "prints a result without reading stdin": { ill: `out:${result}` },
  "prints a result and a line feed": { ill: `read;out:${result}\\n` },
  "prints an error object": { ill: `read;out:${failure};exit:1` },
  "prints an error object and complains": { ill: `read;err:ERROR no address\\n;out:${failure};exit:1` },
  "prints nothing": { ill: "read" },
  "prints nothing and fails": { ill: "read;exit:1" },
  "prints no JSON": { ill: "read;out:hello there" },
  "prints half of its JSON": { ill: 'read;out:{"cniVersion":' },
  "prints two results": { ill: `read;out:${result}${result}` },
  "prints a result, then an error object": { ill: `read;out:${result}\\n${failure};exit:1` },
  "prints one byte": { ill: "read;out:x" },
  "prints a number": { ill: "read;out:1" },
  "prints null": { ill: "read;out:null" },
  "prints NUL bytes": { ill: 'read;out:\\x00{"a":\\x00}\\x00' },
  "prints what is not UTF-8": { ill: 'read;out:{"a":"\\xff\\xc0\\x80\\xed\\xa0\\x80"};err:\\xff\\xfe\\n' },
  "prints only line feeds": { ill: "read;out:\\n\\n\\n;err:\\n\\n" },
  "prints an escape for terminals": { ill: "read;out:\\x1b[31m\\x9b0m;err:\\x1b]0;exit:2" },
  "writes only to stderr": { ill: "read;err:warning\\n" },
  "writes a line without its end to stderr": { ill: "read;err:warning;out:{}" },
  "writes to both streams by turns": { ill: "read;both:2000" },
  "prints stdin": { ill: "cat" },
  "prints 300 KB of stdin": { ill: "cat", config: big },
  "counts 300 KB of stdin": { ill: "count", config: big },
};

export const readers: Readonly<Record<string, Behaviour>> = {
  "never reads 300 KB of stdin": { ill: "out:{}", config: big },
  "never reads stdin and takes its time": { ill: "sleep:50;out:{}", config: big },
  "closes stdin at once": { ill: "close:0;sleep:20;out:{}", config: big },
  "reads a part of stdin and closes it": { ill: "read:100000;close:0;sleep:20;out:{}", config: big },
  "reads a part of stdin and fails": { ill: "read:100000;out:half;exit:3", config: big },
  "reads a part of stdin and dies": { ill: "read:100000;kill:9", config: big },
  "reads stdin late": { ill: "sleep:50;count", config: big },
  "answers before it reads": { ill: "out:early\\n;sleep:20;count", config: big },
  "answers more than a pipe holds before it reads": { ill: "fill-out:300000;count", config: big },
  "complains more than a pipe holds before it reads": { ill: "fill-err:300000;count", config: big },
};

export const amounts: Readonly<Record<string, Behaviour>> = {
  "prints byte by byte": { ill: "read;drip:200:100" },
  "prints the bytes of a pipe": { ill: "read;fill-out:65536" },
  "prints one byte more than a pipe holds": { ill: "read;fill-out:65537" },
  "prints 1 MB": { ill: "read;fill-out:1000000" },
  "prints 100 MB": { ill: "read;fill-out:100000000", options: { sum: 1 } },
  "writes 10 MB to stderr": { ill: "read;fill-err:10000000;out:{}", options: { sum: 1 } },
  "writes much to both, then fails": { ill: "fill-err:500000;fill-out:500000;fill-err:500000;exit:1" },
};

export const ends: Readonly<Record<string, Behaviour>> = {
  ...Object.fromEntries(
    [0, 1, 2, 3, 126, 127, 128, 129, 137, 254, 255].map((n) => [
      `exits with ${n}`,
      { ill: `read;out:{};exit:${n}` },
    ]),
  ),
  ...Object.fromEntries(
    deadly.map((n) => [`dies of signal ${n}`, { ill: `read;out:half;err:e\\n;kill:${n}` }]),
  ),
  "dies of a signal without a word": { ill: "kill:11" },
  "dies of a signal after 1 MB": { ill: "fill-out:1000000;kill:15" },
  "closes stdout and lives on": { ill: "read;out:{};close:1;sleep:60;err:late\\n;exit:4" },
  "closes stderr and lives on": { ill: "read;close:2;sleep:60;out:late" },
  "closes all and lives on": { ill: "read;out:{};close:0;close:1;close:2;sleep:60;exit:5" },
  "is slow to start": { ill: "sleep:150;read;out:{}" },
  "leaves a child that holds its output": { ill: "read;out:{};fork:500:hold" },
  "fails and leaves a child that holds its output": { ill: "fork:400:hold;exit:7" },
  "dies and leaves a child that holds its output": { ill: "fork:400:hold;kill:6" },
  "leaves a child that holds nothing": { ill: "read;out:{};fork:60000:none" },
  "leaves both children": { ill: "read;fork:60000:none;fork:300:hold;out:{}" },
};

/** For all commands that start a plugin. */
export const common: Readonly<Record<string, Behaviour>> = {
  "prints a result": { ill: `read;out:${result}` },
  "prints nothing": { ill: "read" },
  "prints stdin": { ill: "cat" },
  "prints an error object and complains": { ill: `err:ERROR\\n;out:${failure};exit:1` },
  "dies of a signal": { ill: "out:half;kill:11" },
  "never reads 300 KB of stdin": { ill: "out:{}", config: big },
  "tells what it finds itself to be": { ill: "dump" },
};
