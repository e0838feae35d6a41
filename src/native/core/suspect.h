/* Finds where something secret may be: three letters that are in a secret word or shape, with or without separators between
   them, and the @ of a URL's user info. Most strings have none. */
#ifndef CNI_TAP_SUSPECT_H
#define CNI_TAP_SUSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

#ifdef __AVX__
#include <immintrin.h>

/* For each of three characters in a row: a bit for each set of letters, by the low and by the high half of the character. */
static const uint8_t suspect_tables[3][2][16] __attribute__((aligned(16))) = {SUSPECT_TABLES};

static inline __m128i load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

/* The sets that the characters are in at that place. Those above 127 are in none. */
static inline __m128i sets_of(__m128i chars, __m128i high, int place) {
  return _mm_and_si128(_mm_shuffle_epi8(load(suspect_tables[place][0]), chars),
                       _mm_shuffle_epi8(load(suspect_tables[place][1]), high));
}

/* What is known of 16 bytes when the next 16 come. At first all is 0. */
struct suspects {
  __m128i first, second; /* the sets of the bytes in the first and in the second place */
  __m128i found;         /* not 0: there was something */
};

static inline void find_suspects(struct suspects *s, const uint8_t *p) {
  __m128i chars = load(p);
  const __m128i by_low_half = _mm_setr_epi8(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '-', '.', '_');
  __m128i separators = _mm_cmpeq_epi8(_mm_shuffle_epi8(by_low_half, chars), chars);
  __m128i high = _mm_and_si128(_mm_srli_epi16(chars, 4), _mm_set1_epi8(15));
  __m128i first = sets_of(chars, high, 0), second = _mm_or_si128(sets_of(chars, high, 1), separators);
  __m128i third = _mm_or_si128(sets_of(chars, high, 2), separators);
  third = _mm_and_si128(third, _mm_alignr_epi8(first, s->first, 14));
  third = _mm_and_si128(third, _mm_alignr_epi8(second, s->second, 15));
  s->found = _mm_or_si128(s->found, _mm_or_si128(third, _mm_cmpeq_epi8(chars, _mm_set1_epi8('@'))));
  s->first = first;
  s->second = second;
}

static inline bool has_suspects(const struct suspects *s) {
  return _mm_movemask_epi8(_mm_cmpeq_epi8(s->found, _mm_setzero_si128())) != 0xffff;
}
#else
/* Not looked for. */
struct suspects {
  bool found;
};
static inline void find_suspects(struct suspects *s, const uint8_t *p) { s->found = p != NULL; }
static inline bool has_suspects(const struct suspects *s) { return s->found; }
#endif

#endif
