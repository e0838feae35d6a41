#include "secret.h"

#include <string.h>

#include "find-either.h"
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
static const uint8_t *find_anchor(const uint8_t *text, const uint8_t *end) {
  if (end - text < 6) return NULL; /* eyJ..x */
  for (const uint8_t *p = text; (p = find_either('-', 'J', text, p, end)) < end; p++) {
    if (*p == '-') {
      if (end - p >= 11 && memcmp(p, "-----BEGIN ", 11) == 0) return p;
    } else {
      if (p - text >= 2 && p[-1] == 'y' && p[-2] == 'e') return p - 2;
      if (p - text >= 11 && end - p >= 3 && memcmp(p - 11, base64_pem, sizeof base64_pem - 1) == 0) return p - 11;
    }
  }
  return NULL;
}

bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen) {
  if (seen & SEEN_HARMLESS) return false;
  const uint8_t *from = seen & SEEN_UNICODE ? p : find_anchor(p, end);
  return from && holds_shape(from, end, seen);
}
