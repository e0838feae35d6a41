#include "secret.h"

#include <string.h>

#include "json-string.h"

static bool base64url(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static const char base64_pem[] = "LS0tLS1CRUdJTi"; /* of "-----BEGIN" */

/* Whether the string p..end (without quotes) contains /eyJ[\w-]*\.[\w-]*\.[\w-]/, "-----BEGIN " or its base64. One pass:
   a second part that contains eyJ is remembered as a possible first part. */
static bool holds_shape(const uint8_t *p, const uint8_t *end, unsigned seen) {
  static const char pem[] = "-----BEGIN ";
  unsigned pem_at = 0, base64_at = 0, ey = 0; /* characters matched of pem, of base64_pem, of "eyJ" */
  /* 0: no eyJ in this run of base64url; 1: in the first part; 2: in the second; 3: after the second dot */
  unsigned part = 0;
  bool again = false; /* the second part contains eyJ, so it may be a first part */
  while (p < end) {
    int c = string_next(&p, seen);
    if (base64_at == 6 && c != base64_pem[6]) base64_at = 2; /* "LS0tLS" ends in "LS" */
    if (c == base64_pem[base64_at]) {
      if (++base64_at == sizeof base64_pem - 1) return true;
    } else {
      base64_at = c == 'L';
    }
    if (c == pem[pem_at]) {
      if (++pem_at == sizeof pem - 1) return true;
    } else if (c != '-') {
      pem_at = 0;
    } else if (pem_at != 5) { /* a sixth dash after five changes nothing */
      pem_at = 1;
    }
    if (base64url(c)) {
      if (part == 3) return true;
      ey = c == 'e' ? 1 : c == 'y' && ey == 1 ? 2 : c == 'J' && ey == 2 ? 3 : 0;
      if (ey == 3) {
        if (part == 0) part = 1;
        else again = part == 2 || again;
      }
    } else if (c == '.' && part != 0) {
      ey = 0;
      if (part == 1) {
        part = 2;
      } else if (part == 2) {
        part = 3;
      } else { /* empty third part: the second may be a first part */
        part = again ? 3 : 0;
        again = false;
      }
    } else {
      ey = part = 0;
      again = false;
    }
  }
  return false;
}

/* Where to start holds_shape in a string without \u; NULL if that is not needed. Enough for most strings. */
static const uint8_t *find_anchor(const uint8_t *p, const uint8_t *end, unsigned seen) {
  if (seen & SEEN_DASHES)
    for (const uint8_t *dash = p; (dash = memchr(dash, '-', (size_t)(end - dash))); dash++)
      if (end - dash >= 11 && memcmp(dash, "-----BEGIN ", 11) == 0) return p;
  if (seen & SEEN_J)
    for (const uint8_t *j = p; (j = memchr(j, 'J', (size_t)(end - j))); j++) {
      if (j - p >= 2 && j[-1] == 'y' && j[-2] == 'e') return j - 2;
      if (j - p >= 11 && end - j >= 3 && memcmp(j - 11, base64_pem, sizeof base64_pem - 1) == 0) return j - 11;
    }
  return NULL;
}

bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen) {
  if (!(seen & (SEEN_UNICODE | SEEN_J | SEEN_DASHES))) return false;
  const uint8_t *from = seen & SEEN_UNICODE ? p : find_anchor(p, end, seen);
  return from && holds_shape(from, end, seen);
}
