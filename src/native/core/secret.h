/* Recognizes secrets: keys by their words, strings by their shape. */
#ifndef CNI_TAP_SECRET_H
#define CNI_TAP_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "scan.h"

/* What was seen in a string. A JWT ("eyJ...") needs yJ and a PEM block ("-----BEGIN ") two dashes, unless
   they are written with \u. SEEN_J and SEEN_DASHES may be set without need. */
enum { SEEN_ESCAPE = 1, SEEN_UNICODE = 2, SEEN_J = 4, SEEN_DASHES = 8 };

/* The value of a hexadecimal digit, or -1. */
int string_hex_digit(uint8_t c);

/* Takes the next character of a valid string: its byte, or 0x100 for a \u escape of U+0080 or above. */
int string_unit(const uint8_t **p);

/* Whether a valid string contains a JWT or the start of a PEM block. p..end is the string without its quotes,
   `seen` the SEEN_ flags. */
bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen);

/* Whether a key is secret; the arguments are those of secret_shape. */
bool secret_key(const struct scan_words *words, const uint8_t *p, const uint8_t *end, unsigned seen);

#endif
