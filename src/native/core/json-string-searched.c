/* How strings are passed that are searched for secrets. */
#include "json-string.h"

#ifdef __SSE2__
#include <cpuid.h>
#pragma GCC push_options
#pragma GCC target("avx")
#include "json-string-pass.h"

static enum scan_error pass_searched(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  struct suspects suspects = {0};
  return pass(p, end, seen, &suspects);
}
#pragma GCC pop_options

/* The processor has AVX, and the kernel keeps its registers. */
static bool has_avx(void) {
  const unsigned wanted = bit_AVX | bit_OSXSAVE;
  unsigned a, b, c = 0, d;
  __cpuid(1, a, b, c, d);
  if ((c & wanted) != wanted) return false;
  __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return (a & 6) == 6;
}

/* In a virtual machine the answer comes from its host, and takes as long as the scan of a text of this length. */
#ifndef ASK_FROM_BYTES
#define ASK_FROM_BYTES (32 * 1024)
#endif

string_passer *string_passer_for_search(size_t length) {
  return length >= ASK_FROM_BYTES && has_avx() ? pass_searched : string_pass;
}
#else
string_passer *string_passer_for_search(size_t length) {
  (void)length;
  return string_pass;
}
#endif
