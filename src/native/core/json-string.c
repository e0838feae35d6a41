#include "json-string.h"

#include "json-string-pass.h"

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

enum scan_error string_pass_rare_escape(const uint8_t **p, const uint8_t *end, unsigned *seen) {
  if (*p >= end) return SCAN_END;
  if (**p != 'u') return SCAN_ESCAPE;
  *seen |= SEEN_UNICODE;
  ++*p;
  for (int i = 0; i < 4; i++, ++*p)
    if (*p >= end || hex_digit(**p) < 0) return SCAN_ESCAPE;
  return SCAN_OK;
}

enum scan_error string_pass(const uint8_t **p, const uint8_t *end, unsigned *seen) { return pass(p, end, seen, NULL); }
