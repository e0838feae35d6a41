/* The strings of a JSON text (RFC 8259, section 7). */
#ifndef CNI_TAP_JSON_STRING_H
#define CNI_TAP_JSON_STRING_H

#include <stdint.h>

#include "policy.h"

/* What may be in a string. A JWT ("eyJ...") and a PEM block in base64 ("...RUdJTi") need a J after y or d, a PEM block
   ("-----BEGIN ") two dashes, unless they are written with \u. A part needs a separator: `:` or `=`. */
enum {
  SEEN_ESCAPE = 1,
  SEEN_UNICODE = 2,
  SEEN_J = 4,
  SEEN_DASHES = 8,
  SEEN_SEPARATOR = 16,
  SEEN_IN_VARIABLE = SEEN_J | SEEN_DASHES | SEEN_SEPARATOR, /* may be anything, but is not escaped */
};

/* Skips a string and checks it; *p is behind its opening quote, then behind its closing one, or at the invalid byte. Sets
   the first two SEEN_ flags. */
enum scan_error string_pass(const uint8_t **p, const uint8_t *end, unsigned *seen);

/* The same with all SEEN_ flags, for what is searched for secrets. It costs half as much again. */
enum scan_error string_pass_searched(const uint8_t **p, const uint8_t *end, unsigned *seen);

/* Takes the next character of a valid string: its byte, or 0x100 for a \u escape of U+0080 or above. */
int string_unit(const uint8_t **p);

/* The same for a string that may have no escapes. */
static inline int string_next(const uint8_t **p, unsigned seen) {
  return seen & SEEN_ESCAPE ? string_unit(p) : *(*p)++;
}

#endif
