/* How a string is passed, for json-string.c and json-string-searched.c: the same code with and without the search. */
#ifndef CNI_TAP_JSON_STRING_PASS_H
#define CNI_TAP_JSON_STRING_PASS_H

#include <stdbool.h>

#include "json-string.h"
#include "suspect.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Passes a \u escape, or one that is invalid. *p is its letter. */
enum scan_error string_pass_rare_escape(const uint8_t **p, const uint8_t *end, unsigned *seen);

/* What may follow a backslash, but for u. */
static const bool escapes[256] = {['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
                                  ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true};

/* Passes an escape. *p is its letter. */
static inline enum scan_error pass_escape(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  *seen |= SEEN_ESCAPE;
  if (*p >= end || !escapes[**p]) return string_pass_rare_escape(p, end, seen);
  ++*p;
  return SCAN_OK;
}

#ifdef __SSE2__
static inline __m128i equal(__m128i chunk, char c) { return _mm_cmpeq_epi8(chunk, _mm_set1_epi8(c)); }

/* A bit for each byte. */
static inline unsigned bits(__m128i chunk) { return (unsigned)_mm_movemask_epi8(chunk); }

static inline __m128i controls(__m128i chunk) { return _mm_cmpeq_epi8(_mm_min_epu8(chunk, _mm_set1_epi8(31)), chunk); }

/* The letters of escapes, but for the quote, the backslash and u. */
static inline __m128i escape_letters(__m128i chunk) {
#ifdef __AVX__
  const __m128i by_low_half = _mm_setr_epi8(-1, 0, 'r', 0, 't', 0, 'f', 0, 0, 0, 0, 0, 0, 0, 'n', '/');
  return _mm_or_si128(_mm_cmpeq_epi8(_mm_shuffle_epi8(by_low_half, chunk), chunk), equal(chunk, 'b'));
#else
  __m128i often = _mm_or_si128(equal(chunk, 'n'), equal(chunk, '/')), seldom = _mm_or_si128(equal(chunk, 't'), equal(chunk, 'r'));
  return _mm_or_si128(_mm_or_si128(often, seldom), _mm_or_si128(equal(chunk, 'b'), equal(chunk, 'f')));
#endif
}

/* Passes 16 bytes at a time while that many are left. Returns true at the end of the string, and where it is invalid.
   Escapes are passed without a branch for each: where those of a string lie, no processor foretells. What is rare is
   passed one by one: a backslash before another, or before u. */
static inline __attribute__((always_inline)) bool pass_chunks(const uint8_t **p, const uint8_t *end, unsigned *seen,
                                                              enum scan_error *error, struct suspects *suspects) {
  const uint8_t *at = *p;
  unsigned open = 0; /* 1: the byte before the chunk is a backslash that is not passed yet */
  while (end - at >= 16) {
    __m128i chunk = _mm_loadu_si128((const __m128i *)at);
    if (suspects) find_suspects(suspects, at);
    /* Bit 0 is the byte before the chunk. */
    unsigned quotes = bits(equal(chunk, '"')) << 1, slashes = bits(equal(chunk, '\\')) << 1 | open;
    unsigned stops = bits(controls(chunk)) << 1 | quotes;
    if (slashes) {
      unsigned escaped = slashes << 1, known = quotes | bits(escape_letters(chunk)) << 1;
      stops = (stops & ~escaped) | (escaped & 0x1ffff & ~known) >> 1;
      open = slashes >> 16;
      if (!stops || slashes & (stops - 1) & ~stops) *seen |= SEEN_ESCAPE;
    }
    if (!stops) {
      at += 16;
      continue;
    }
    at += __builtin_ctz(stops) - 1;
    *p = at + 1;
    if (*at == '"') return true;
    if (*at != '\\') {
      *p = at;
      *error = SCAN_CONTROL;
      return true;
    }
    *error = pass_escape(p, end, seen);
    if (*error != SCAN_OK) return true;
    at = *p;
    open = 0;
  }
  *p = at - open;
  return false;
}
#endif

/* `suspects` is NULL if they are not looked for. */
static inline __attribute__((always_inline)) enum scan_error pass(const uint8_t **at, const uint8_t *end, unsigned *seen_in_it,
                                                                  struct suspects *suspects) {
  const uint8_t *p = *at;
  unsigned seen = 0;
  enum scan_error error = SCAN_OK;
#ifdef __SSE2__
  bool ended = pass_chunks(&p, end, &seen, &error, suspects);
#else
  bool ended = false;
#endif
  /* The last 15 bytes of a text may be anything, and so may what is written with \u. */
  if (suspects && ended && !(seen & SEEN_UNICODE) && !has_suspects(suspects)) seen |= SEEN_HARMLESS;
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
  }
  *at = p;
  *seen_in_it = seen;
  return error;
}

#endif
