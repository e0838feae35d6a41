/* Recognizes secrets: keys by their words, strings by their shape, parts of strings by what stands before them.
   src/log/secret-keys.ts and secret-texts.ts do the same in TypeScript. */
#ifndef CNI_TAP_SECRET_H
#define CNI_TAP_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "json-string.h"
#include "policy.h"

/* The values that a key hides. */
enum { HIDES_STRINGS = 1, HIDES_CONTAINERS = 2, HIDES_OTHERS = 4 };

unsigned secret_suspect_key(const uint8_t *p, const uint8_t *end, unsigned seen);

/* Which values a key hides. p..end is the key without its quotes, `seen` has the SEEN_ flags (json-string.h). */
static inline unsigned secret_key(const uint8_t *p, const uint8_t *end, unsigned seen) {
  return seen & SEEN_HARMLESS && end - p <= KEY_LETTERS_MOST ? 0 : secret_suspect_key(p, end, seen);
}

/* Whether a string is hidden whole: it contains a JWT or the start of a PEM block, also in base64. */
bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen);

/* The parts of a string that are hidden: user info of URLs, and what is assigned to a secret key. Set text, at (the same)
   and end; then each call finds one part, in ascending order, until it returns false. */
struct secret_parts {
  const uint8_t *text, *at, *end;
  const uint8_t *part, *part_end;
};
bool secret_next_part(struct secret_parts *parts);

/* 1-26: a letter of either case; the others follow; 0: no character of a key. */
extern const uint8_t secret_class[256];
enum { CLASS_SEPARATOR = 27, CLASS_DIGIT = 28 };

/* Whether two letters, 32 * class + class, are the rarest two of a word: a key without such a pair is not secret, which is
   enough to know for most keys. A separator between them does not count. */
extern const uint8_t secret_pair[32 * 32];

#endif
