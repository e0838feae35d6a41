#include "json-string.h"

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static int hex_digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int string_unit(const uint8_t **p) {
  int c = *(*p)++;
  if (c != '\\') return c;
  c = *(*p)++;
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u':
      c = hex_digit((*p)[0]) << 12 | hex_digit((*p)[1]) << 8 | hex_digit((*p)[2]) << 4 | hex_digit((*p)[3]);
      *p += 4;
      /* U+0080 to U+00FF must not look like bytes of UTF-8; no search here needs them */
      return c < 0x80 ? c : 0x100;
    default: return c;
  }
}

/* What may follow a backslash, but for u. */
static const bool escapes[256] = {['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
                                  ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true};

/* Passes a \u escape, or one that is invalid. *p is its letter. */
static __attribute__((noinline)) enum scan_error pass_rare_escape(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  if (*p >= end) return SCAN_END;
  if (**p != 'u') return SCAN_ESCAPE;
  *seen |= SEEN_UNICODE;
  ++*p;
  for (int i = 0; i < 4; i++, ++*p)
    if (*p >= end || hex_digit(**p) < 0) return SCAN_ESCAPE;
  return SCAN_OK;
}

/* Passes an escape. *p is its letter. */
static inline enum scan_error pass_escape(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  *seen |= SEEN_ESCAPE;
  if (*p >= end || !escapes[**p]) return pass_rare_escape(p, end, seen);
  ++*p;
  return SCAN_OK;
}

#ifdef __SSE2__
/* A bit for each byte of the chunk that is c. */
static inline unsigned equal(__m128i chunk, char c) {
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(c)));
}

static inline unsigned controls(__m128i chunk) {
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(chunk, _mm_set1_epi8(31)), chunk));
}

/* The letters of escapes, but for the quote, the backslash and u. */
static inline unsigned escape_letters(__m128i chunk) {
  return equal(chunk, 'n') | equal(chunk, '/') | equal(chunk, 't') | equal(chunk, 'r') | equal(chunk, 'b') | equal(chunk, 'f');
}

/* Passes 16 bytes at a time while that many are left. Returns true at the end of the string, and where it is invalid.
   Escapes are passed without a branch for each: where those of a string lie, no processor foretells. What is rare is
   passed one by one: a backslash at the end of the chunk, before another, before u. */
static inline __attribute__((always_inline)) bool pass_chunks(const uint8_t **p, const uint8_t *end, unsigned *seen,
                                                              enum scan_error *error, const bool search) {
  while (end - *p >= 16) {
    const uint8_t *from = *p;
    __m128i chunk = _mm_loadu_si128((const __m128i *)from);
    unsigned quotes = equal(chunk, '"'), slashes = equal(chunk, '\\'), rare = controls(chunk), inside = 0xffff;
    if (slashes) {
      unsigned escaped = slashes << 1, unknown = escaped & ~(quotes | escape_letters(chunk));
      rare |= unknown >> 1;
      quotes &= ~escaped;
    }
    unsigned stops = quotes | rare;
    if (stops) inside = (stops & -stops) - 1;
    if (slashes & inside) *seen |= SEEN_ESCAPE;
    if (search) {
      /* What is before the chunk is not looked at: its first byte may end a pair. */
      unsigned before_j = (equal(chunk, 'y') | equal(chunk, 'd')) << 1 | 1, dash = equal(chunk, '-');
      if ((equal(chunk, ':') | equal(chunk, '=')) & inside) *seen |= SEEN_SEPARATOR;
      if (equal(chunk, 'J') & before_j & inside) *seen |= SEEN_J;
      if (dash & (dash << 1 | 1) & inside) *seen |= SEEN_DASHES;
    }
    if (!stops) {
      *p = from + 16;
      continue;
    }
    *p = from + __builtin_ctz(stops);
    if (**p != '"' && **p != '\\') {
      *error = SCAN_CONTROL;
      return true;
    }
    if (*(*p)++ == '"') return true;
    *error = pass_escape(p, end, seen);
    if (*error != SCAN_OK) return true;
  }
  return false;
}
#endif

static inline __attribute__((always_inline)) enum scan_error pass(const uint8_t **at, const uint8_t *end, unsigned *seen_in_it,
                                                                  const bool search) {
  const uint8_t *p = *at;
  unsigned seen = 0;
  enum scan_error error = SCAN_OK;
#ifdef __SSE2__
  bool ended = pass_chunks(&p, end, &seen, &error, search);
#else
  bool ended = false;
#endif
  while (!ended) {
    if (p >= end) {
      error = SCAN_END;
      break;
    }
    uint8_t c = *p;
    if (c < 32) {
      error = SCAN_CONTROL;
      break;
    }
    p++;
    ended = c == '"';
    if (c == '\\' && (error = pass_escape(&p, end, &seen)) != SCAN_OK) break;
    if (search && c == 'J') seen |= SEEN_J;
    if (search && c == '-') seen |= SEEN_DASHES;
    if (search && (c == ':' || c == '=')) seen |= SEEN_SEPARATOR;
  }
  *at = p;
  *seen_in_it = seen;
  return error;
}

enum scan_error string_pass(const uint8_t **p, const uint8_t *end, unsigned *seen) { return pass(p, end, seen, false); }

enum scan_error string_pass_searched(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  return pass(p, end, seen, true);
}
