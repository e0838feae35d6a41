#include "scan.h"

#include <string.h>

#include "secret.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct scan {
  const uint8_t *text, *end, *p;
  const struct scan_request *request;
  struct scan_result *result;
  uint32_t depth;
  uint8_t nesting[INPUT_LEVELS_MOST / 8 + 1]; /* bit d: level d is an object */
  uint32_t secret_depth; /* level of the open object or array that is secret as a whole; 0: none */
};

static bool fail(struct scan *s, enum scan_error error, const uint8_t *at) {
  s->result->error = at >= s->end ? SCAN_END : error;
  s->result->at = (uint32_t)((at >= s->end ? s->end : at) - s->text);
  return false;
}

#ifdef __SSE2__
/* Skips to the next quote, backslash or control character, by 16 bytes; stops before the last 15. */
static const uint8_t *skip_plain(const uint8_t *p, const uint8_t *end, unsigned *seen) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), j = _mm_set1_epi8('J'),
                dash = _mm_set1_epi8('-'), last_control = _mm_set1_epi8(31);
  while (end - p >= 16) {
    __m128i chunk = _mm_loadu_si128((const __m128i *)p);
    __m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash)),
                                 _mm_cmpeq_epi8(_mm_min_epu8(chunk, last_control), chunk));
    unsigned stop = (unsigned)_mm_movemask_epi8(stops), before = stop ? (stop & -stop) - 1 : 0xffff;
    unsigned dashes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, dash)) & before;
    if ((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, j)) & before) *seen |= SEEN_J;
    if ((dashes & dashes >> 1) | (dashes & 0x8000)) *seen |= SEEN_DASHES; /* the pair may span two chunks */
    if (stop) return p + __builtin_ctz(stop);
    p += 16;
  }
  return p;
}
#else
static const uint8_t *skip_plain(const uint8_t *p, const uint8_t *end, unsigned *seen) {
  (void)end, (void)seen;
  return p;
}
#endif

/* Skips a string with its quotes and checks its escapes. */
static bool pass_string(struct scan *s, unsigned *seen_in_it) {
  const uint8_t *p = s->p + 1, *end = s->end;
  unsigned seen = 0;
  for (;;) {
    p = skip_plain(p, end, &seen);
    if (p >= end) return fail(s, SCAN_END, end);
    uint8_t c = *p++;
    if (c == '"') break;
    if (c == 'J') seen |= SEEN_J;
    else if (c == '-') seen |= SEEN_DASHES;
    else if (c < 32) return fail(s, SCAN_CONTROL, p - 1);
    if (c != '\\') continue;
    seen |= SEEN_ESCAPE;
    if (p >= end) return fail(s, SCAN_END, end);
    switch (*p) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': p++; break;
      case 'u':
        seen |= SEEN_UNICODE;
        p++;
        for (int i = 0; i < 4; i++, p++)
          if (p >= end || string_hex_digit(*p) < 0) return fail(s, SCAN_ESCAPE, p);
        break;
      default: return fail(s, SCAN_ESCAPE, p);
    }
  }
  s->p = p;
  *seen_in_it = seen;
  return true;
}

/* Whether the string before s->p (start is its opening quote) contains a JWT or PEM block. */
static bool string_holds_shape(struct scan *s, const uint8_t *start, unsigned seen) {
  if (!(seen & (SEEN_UNICODE | SEEN_J | SEEN_DASHES)) || s->request->secret_limit == 0 || s->secret_depth) return false;
  return secret_shape(start + 1, s->p - 1, seen);
}

/* The index of a top-level key in the requested names, or -1. p..end is the key without its quotes. */
static int find_member(const struct scan_request *request, const uint8_t *p, const uint8_t *end) {
  char name[SCAN_NAME_BYTES];
  unsigned length = 0;
  while (p < end && length < SCAN_NAME_BYTES) {
    int c = string_unit(&p);
    name[length++] = c < 0x80 ? (char)c : (char)0xff;
  }
  for (uint32_t i = 0; p == end && i < request->name_count; i++)
    if (strlen(request->names[i]) == length && memcmp(request->names[i], name, length) == 0) return (int)i;
  return -1;
}

/* Whether a key is secret and its value must be recorded. p..end is the key without its quotes. */
static bool is_secret_key(const struct scan *s, const uint8_t *p, const uint8_t *end, unsigned seen) {
  return s->request->secret_limit != 0 && s->secret_depth == 0 && secret_key(&s->request->words, p, end, seen);
}

static void add_secret(struct scan *s, uint32_t start, uint32_t end) {
  if (s->result->secret_count == s->request->secret_limit) s->result->overflow = true;
  else s->result->secret[s->result->secret_count++] = (struct scan_span){start, end};
}

static inline void skip_space(struct scan *s) {
  if (s->p < s->end && *s->p > ' ') return;
  for (; s->p < s->end; s->p++) {
    uint8_t c = *s->p;
    if (c == '\n' || c == '\r') s->result->raw_newline = true;
    else if (c != ' ' && c != '\t') return;
  }
}

static bool pass_word(struct scan *s, const char *word) {
  for (; *word; word++, s->p++)
    if (s->p >= s->end || *s->p != (uint8_t)*word) return fail(s, SCAN_BYTE, s->p);
  return true;
}

static bool pass_digits(struct scan *s) {
  const uint8_t *from = s->p;
  while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
  return s->p > from || fail(s, SCAN_BYTE, s->p);
}

static bool pass_number(struct scan *s) {
  if (*s->p == '-') s->p++;
  if (s->p < s->end && *s->p == '0') s->p++;
  else if (!pass_digits(s)) return false;
  if (s->p < s->end && *s->p == '.') {
    s->p++;
    if (!pass_digits(s)) return false;
  }
  if (s->p < s->end && (*s->p | 0x20) == 'e') {
    s->p++;
    if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
    if (!pass_digits(s)) return false;
  }
  return true;
}

static bool in_object(const struct scan *s) { return s->nesting[s->depth / 8] >> (s->depth % 8) & 1; }

void scan_json(const uint8_t *text, size_t length, const struct scan_request *request, struct scan_result *result) {
  static struct scan s; /* static: 8 KB are too much for a small stack. All but the nesting is set below. */
  bool key_is_secret = false;
  int member = -1; /* of the current top-level value */
  uint32_t member_start = 0;
  uint32_t secret_start = 0;
  uint32_t start;
  unsigned seen;

  s.text = s.p = text;
  s.end = text + length;
  s.request = request;
  s.result = result;
  s.depth = s.secret_depth = 0;
  result->error = SCAN_OK;
  result->at = result->start = result->end = 0;
  result->raw_newline = result->overflow = false;
  result->secret_count = 0;
  memset(result->member, 0, sizeof result->member);

  skip_space(&s);
  if (s.p >= s.end || *s.p != '{') {
    fail(&s, SCAN_NOT_OBJECT, s.p);
    return;
  }
  result->start = (uint32_t)(s.p - text);
  result->raw_newline = false;

value:
  start = (uint32_t)(s.p - text);
  if (s.p >= s.end) goto bad_byte;
  if (s.depth == 1) member_start = start;
  switch (*s.p) {
    case '{':
    case '[': {
      if (s.depth >= request->depth_limit) {
        fail(&s, SCAN_DEEP, s.p);
        return;
      }
      bool object = *s.p == '{';
      s.depth++;
      if (key_is_secret) {
        s.secret_depth = s.depth;
        secret_start = start;
      }
      if (object) s.nesting[s.depth / 8] |= (uint8_t)(1u << (s.depth % 8));
      else s.nesting[s.depth / 8] &= (uint8_t)~(1u << (s.depth % 8));
      s.p++;
      skip_space(&s);
      if (s.p < s.end && *s.p == (object ? '}' : ']')) goto close;
      if (object) goto member_key;
      key_is_secret = false;
      goto value;
    }
    case '"': {
      const uint8_t *from = s.p;
      if (!pass_string(&s, &seen)) return;
      if (key_is_secret || string_holds_shape(&s, from, seen)) add_secret(&s, start, (uint32_t)(s.p - text));
      goto after_value;
    }
    case 't':
      if (!pass_word(&s, "true")) return;
      break;
    case 'f':
      if (!pass_word(&s, "false")) return;
      break;
    case 'n':
      if (!pass_word(&s, "null")) return;
      break;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      if (!pass_number(&s)) return;
      break;
    default: goto bad_byte;
  }
  if (key_is_secret) add_secret(&s, start, (uint32_t)(s.p - text));

after_value:
  if (s.depth == 1 && member >= 0) result->member[member] = (struct scan_span){member_start, (uint32_t)(s.p - text)};
  skip_space(&s);
  if (s.p >= s.end) goto bad_byte;
  if (*s.p == ',') {
    s.p++;
    skip_space(&s);
    if (in_object(&s)) goto member_key;
    key_is_secret = false;
    goto value;
  }
  if (*s.p != (in_object(&s) ? '}' : ']')) goto bad_byte;

close:
  s.p++;
  if (s.secret_depth == s.depth) {
    add_secret(&s, secret_start, (uint32_t)(s.p - text));
    s.secret_depth = 0;
  }
  s.depth--;
  if (s.depth > 0) goto after_value;
  result->end = (uint32_t)(s.p - text);
  bool inside = result->raw_newline;
  skip_space(&s);
  result->raw_newline = inside;
  if (s.p < s.end) fail(&s, SCAN_TRAILING, s.p);
  return;

member_key: {
  const uint8_t *from = s.p;
  if (s.p >= s.end || *s.p != '"') goto bad_byte;
  if (!pass_string(&s, &seen)) return;
  start = (uint32_t)(from - text);
  key_is_secret = is_secret_key(&s, from + 1, s.p - 1, seen);
  if (s.depth == 1) member = find_member(request, from + 1, s.p - 1);
  if (string_holds_shape(&s, from, seen)) add_secret(&s, start, (uint32_t)(s.p - text));
  skip_space(&s);
  if (s.p >= s.end || *s.p != ':') goto bad_byte;
  s.p++;
  skip_space(&s);
  goto value;
}

bad_byte:
  fail(&s, SCAN_BYTE, s.p);
}
