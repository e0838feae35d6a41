/* What looks like a secret: keys by their words, strings by their shape. */
#ifndef CNI_TAP_SECRET_H
#define CNI_TAP_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "scan.h"

/* What was seen inside a string. J and two dashes are what a JWT ("eyJ...") and a PEM block ("-----BEGIN ") cannot be
   without; only \u can write one of their characters in another way. */
enum { SEEN_ESCAPE = 1, SEEN_UNICODE = 2, SEEN_J = 4, SEEN_DASHES = 8 };

/* The value of a hexadecimal digit, or -1. */
int string_hex_digit(uint8_t c);

/* The next character of a string that was found valid: its byte, or the UTF-16 unit an escape stands for. */
int string_unit(const uint8_t **p);

/* Whether a string that was found valid holds a JWT or the begin of a PEM block; p..end is its inside, `seen` what was
   seen in it. */
bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen);

/* Whether a key is secret; likewise. */
bool secret_key(const struct scan_words *words, const uint8_t *p, const uint8_t *end, unsigned seen);

#endif
