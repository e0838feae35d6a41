import { SECRET_SHAPES } from "../../src/log/secret-texts.ts";

/**
 * Three letters of each secret word and of each secret shape, in eight sets. They are rare in what is no secret. The sets
 * are made so that few other letters come in with them: a set takes any of its characters in each of the three places,
 * and with two characters also those that have the high half of one and the low half of the other.
 */
const SETS: readonly (readonly string[])[] = [
  ["ass"], // password, passwd, passphrase, pass
  ["ses", "sec"], // session, secret
  ["tia"], // credential
  ["uth", "UdJ"], // auth; a PEM block in base64
  ["bea", "BEG", "eyJ"], // bearer; a PEM block; a JWT
  ["ken", "key"],
  ["coo"], // cookie
  ["psk", "pwd"],
];

/** The bits of sets for each low and each high half of a character, in one place. */
class Halves {
  readonly #low = Array<number>(16).fill(0);
  readonly #high = Array<number>(16).fill(0);

  add(text: string, set: number): void {
    for (const char of text) {
      const code = char.charCodeAt(0);
      this.#low[code & 15] = (this.#low[code & 15] ?? 0) | (1 << set);
      this.#high[code >> 4] = (this.#high[code >> 4] ?? 0) | (1 << set);
    }
  }

  toString(): string {
    return `{{${this.#low.join(", ")}}, {${this.#high.join(", ")}}}`;
  }
}

/**
 * The tables of suspect.h for the words. A letter counts in both cases. Between the letters of a word may be separators,
 * so the second letter of the three may also be in the third place.
 */
export function suspectTables(words: readonly string[]): string {
  const trios = SETS.flat();
  const missed = [...words, ...SECRET_SHAPES].find((text) => !trios.some((trio) => text.includes(trio)));
  if (missed !== undefined)
    throw new Error(`Cannot make policy.h: none of the sets has three letters of ${JSON.stringify(missed)}`);
  const places = [new Halves(), new Halves(), new Halves()] as const;
  for (const [set, list] of SETS.entries())
    for (const trio of list) {
      const isWord = trio === trio.toLowerCase();
      for (const [index, place] of places.entries()) {
        const letters = trio.charAt(index) + (isWord && index === 2 ? trio.charAt(1) : "");
        place.add(isWord ? letters + letters.toUpperCase() : letters, set);
      }
    }
  return places.join(", ");
}
