/* Finds the next of two characters. Most strings are short: memchr(3) costs more to begin than to search. */
#ifndef CNI_TAP_FIND_EITHER_H
#define CNI_TAP_FIND_EITHER_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>

/* A bit for each of 16 bytes that is one or the other. */
static inline unsigned either_in(const uint8_t *p, char one, char other) {
  __m128i chunk = _mm_loadu_si128((const __m128i *)p);
  return (unsigned)_mm_movemask_epi8(
      _mm_or_si128(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(one)), _mm_cmpeq_epi8(chunk, _mm_set1_epi8(other))));
}
#endif

/* The next one of them from p on, or `end`. p is in text..end, which may be read. */
static inline const uint8_t *find_either(char one, char other, const uint8_t *text, const uint8_t *p, const uint8_t *end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    unsigned found = either_in(p, one, other);
    if (found) return p + __builtin_ctz(found);
  }
  if (p < end && end - text >= 16) { /* the last 16 bytes, without those before p */
    unsigned found = either_in(end - 16, one, other) >> (16 - (end - p));
    return found ? p + __builtin_ctz(found) : end;
  }
#else
  (void)text;
#endif
  while (p < end && *p != (uint8_t)one && *p != (uint8_t)other) p++;
  return p;
}

#endif
