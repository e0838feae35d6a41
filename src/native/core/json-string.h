/* The strings of a JSON text (RFC 8259, section 7). */
#ifndef CNI_TAP_JSON_STRING_H
#define CNI_TAP_JSON_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"

enum {
  SEEN_ESCAPE = 1,
  SEEN_UNICODE = 2,  /* an escape with \u */
  SEEN_HARMLESS = 4, /* there is nothing secret in it */
};

/* Skips a string and checks it; *p is behind its opening quote, then behind its closing one, or at the invalid byte. Sets
   the SEEN_ flags. */
typedef enum scan_error string_passer(const uint8_t **p, const uint8_t *end, unsigned *seen);

/* Never SEEN_HARMLESS: that takes time. */
string_passer string_pass;

/* The one for strings that are searched for secrets, in a text of that length: with SEEN_HARMLESS if it is found fast. */
string_passer *string_passer_for_search(size_t length);

/* Takes the next character of a valid string: its byte, or 0x100 for a \u escape of U+0080 or above. */
int string_unit(const uint8_t **p);

/* The same for a string that may have no escapes. */
static inline int string_next(const uint8_t **p, unsigned seen) {
  return seen & SEEN_ESCAPE ? string_unit(p) : *(*p)++;
}

#endif
