#include "control.h"

#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { ESCAPED_BYTES = 6 };

/* The next byte that is, or may begin, one of them. */
static const uint8_t *next_candidate(const uint8_t *p, const uint8_t *end) {
#ifdef __SSE2__
  const __m128i del = _mm_set1_epi8(0x7f), lead = _mm_set1_epi8((char)0xc2);
  for (; end - p >= 16; p += 16) {
    __m128i chunk = _mm_loadu_si128((const __m128i *)p);
    unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(chunk, del), _mm_cmpeq_epi8(chunk, lead)));
    if (found) return p + __builtin_ctz(found);
  }
#endif
  while (p < end && *p != 0x7f && *p != 0xc2) p++;
  return p;
}

/* Bytes of the one at p; 0 where there is none. */
static size_t control_at(const uint8_t *p, const uint8_t *end) {
  if (*p == 0x7f) return 1;
  return end - p >= 2 && p[1] >= 0x80 && p[1] <= 0x9f ? 2 : 0;
}

size_t control_growth(const uint8_t *text, size_t length) {
  const uint8_t *end = text + length;
  size_t growth = 0;
  for (const uint8_t *p = text; (p = next_candidate(p, end)) < end;) {
    size_t bytes = control_at(p, end);
    if (bytes) growth += ESCAPED_BYTES - bytes;
    p += bytes ? bytes : 1;
  }
  return growth;
}

uint8_t *control_escape(uint8_t *to, const uint8_t *text, size_t length) {
  const uint8_t *end = text + length, *from = text;
  for (const uint8_t *p = text; (p = next_candidate(p, end)) < end;) {
    size_t bytes = control_at(p, end);
    if (bytes) {
      memcpy(to, from, (size_t)(p - from));
      to += p - from;
      char escaped[ESCAPED_BYTES + 1];
      snprintf(escaped, sizeof escaped, "\\u%04x", bytes == 1 ? *p : p[1]);
      memcpy(to, escaped, ESCAPED_BYTES);
      to += ESCAPED_BYTES;
      from = p + bytes;
    }
    p += bytes ? bytes : 1;
  }
  memcpy(to, from, (size_t)(end - from));
  return to + (end - from);
}
