/* Texts that a script names by numbers: a slice is its start and its end in one of them. */
#ifndef CNI_TAP_SOURCE_H
#define CNI_TAP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum { SOURCE_INPUT, SOURCES = 8, SOURCE_BITS = 27 }; /* a text is shorter than 2^27 bytes; the first is standard input */

struct source {
  const uint8_t *text;
  size_t length;
};
extern struct source source[SOURCES];

/* The offset that a script has for the first byte of a text. */
static inline uint32_t source_base(int number) { return (uint32_t)number << SOURCE_BITS; }

/* The bytes of a slice; false where there are none such. */
bool source_slice(uint32_t start, uint32_t end, struct iovec *slice);

#endif
