#include "scan.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What was seen inside a string. J and two dashes are what a JWT ("eyJ...") and a PEM block ("-----BEGIN ") cannot be
   without; only \u can write one of their characters in another way. */
enum { SEEN_ESCAPE = 1, SEEN_UNICODE = 2, SEEN_J = 4, SEEN_DASHES = 8 };

/* Letters of a key: 1-26, either case; 27 counts as not there; 0 is anything else. */
enum { KEY_SKIP = 27 };
static const uint8_t key_class[128] = {
    ['_'] = KEY_SKIP, ['-'] = KEY_SKIP, ['.'] = KEY_SKIP,
#define LETTER(n) ['a' + n] = n + 1, ['A' + n] = n + 1
    LETTER(0), LETTER(1), LETTER(2), LETTER(3), LETTER(4), LETTER(5), LETTER(6), LETTER(7), LETTER(8),
    LETTER(9), LETTER(10), LETTER(11), LETTER(12), LETTER(13), LETTER(14), LETTER(15), LETTER(16), LETTER(17),
    LETTER(18), LETTER(19), LETTER(20), LETTER(21), LETTER(22), LETTER(23), LETTER(24), LETTER(25)};

static uint32_t letter_bit(uint8_t c) { return c < 0x80 ? 1u << key_class[c] : 1; }

struct scan {
  const uint8_t *text, *end, *p;
  const struct scan_request *request;
  struct scan_result *result;
  uint32_t depth;
  uint8_t nesting[SCAN_DEPTH_LIMIT / 8 + 1]; /* bit d: level d is an object */
  uint32_t secret_depth; /* the level of the container that is secret as a whole; 0: none is open */
};

bool scan_add_word(struct scan_words *words, const char *word, bool ending) {
  size_t length = strlen(word);
  if (length == 0 || words->bits + length > 128 || (!ending && words->count == SCAN_WORDS)) return false;
  for (size_t i = 0; i < length; i++)
    if (word[i] < 'a' || word[i] > 'z') return false;
  words->first |= (unsigned __int128)1 << words->bits;
  for (size_t i = 0; i < length; i++) words->letter[word[i] - 'a'] |= (unsigned __int128)1 << words->bits++;
  if (!ending) {
    uint32_t letters = 0;
    for (size_t i = 0; i < length; i++) letters |= letter_bit((uint8_t)word[i]);
    words->letters[words->count++] = letters;
  }
  *(ending ? &words->last_of_endings : &words->last) |= (unsigned __int128)1 << (words->bits - 1);
  return true;
}

static bool base64url(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int hex_digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next character of a string that was found valid: its byte, or the UTF-16 unit an escape stands for. */
static int next_unit(const uint8_t **p) {
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
      /* U+0080 to U+00FF must not look like bytes of UTF-8; they are no letter of anything searched here */
      return c < 0x80 ? c : 0x100;
    default: return c;
  }
}

/* /eyJ[\w-]*\.[\w-]*\.[\w-]/ or "-----BEGIN " in the string's characters, p..end being its inside. Time is
   proportional to the length: what was a second part is looked at once more as a first one. */
static bool holds_shape(const uint8_t *p, const uint8_t *end) {
  static const char pem[] = "-----BEGIN ";
  unsigned pem_at = 0, ey = 0; /* characters matched of pem, of "eyJ" */
  /* 0 no eyJ in this run of base64url; 1 in the first part; 2 in the second, 3 after the second dot */
  unsigned part = 0;
  bool again = false; /* the second part holds eyJ itself, and could be a first one */
  while (p < end) {
    int c = next_unit(&p);
    if (c == pem[pem_at]) {
      if (++pem_at == sizeof pem - 1) return true;
    } else if (c != '-') {
      pem_at = 0;
    } else if (pem_at != 5) { /* after five dashes a sixth changes nothing */
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
        again = false;
      } else if (part == 2) {
        part = 3;
      } else { /* an empty third part: the second may have been a first one */
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

/* Where a JWT or PEM block could begin in a string without \u, or NULL: spares holds_shape most strings. */
static const uint8_t *find_anchor(const uint8_t *p, const uint8_t *end, unsigned seen) {
  if (seen & SEEN_DASHES)
    for (const uint8_t *dash = p; (dash = memchr(dash, '-', (size_t)(end - dash))); dash++)
      if (end - dash >= 11 && memcmp(dash, "-----BEGIN ", 11) == 0) return p;
  if (seen & SEEN_J)
    for (const uint8_t *j = p; (j = memchr(j, 'J', (size_t)(end - j))); j++)
      if (j - p >= 2 && j[-1] == 'y' && j[-2] == 'e') return j - 2;
  return NULL;
}

static bool fail(struct scan *s, enum scan_error error, const uint8_t *at) {
  s->result->error = at >= s->end ? SCAN_END : error;
  s->result->at = (uint32_t)((at >= s->end ? s->end : at) - s->text);
  return false;
}

#ifdef __SSE2__
/* Goes on to the next quote, backslash or control character, 16 bytes at a time; stops before the last 15 of the text. */
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
    if ((dashes & dashes >> 1) | (dashes & 0x8000)) *seen |= SEEN_DASHES; /* the pair may lie across two chunks */
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

/* From the opening quote to behind the closing one; escapes are checked. */
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
          if (p >= end || hex_digit(*p) < 0) return fail(s, SCAN_ESCAPE, p);
        break;
      default: return fail(s, SCAN_ESCAPE, p);
    }
  }
  s->p = p;
  *seen_in_it = seen;
  return true;
}

/* Whether the string just passed (start is its opening quote) holds a secret's shape. */
static bool string_holds_shape(struct scan *s, const uint8_t *start, unsigned seen) {
  const uint8_t *from = start + 1, *to = s->p - 1;
  if (!(seen & (SEEN_UNICODE | SEEN_J | SEEN_DASHES)) || s->request->secret_limit == 0 || s->secret_depth) return false;
  if (!(seen & SEEN_UNICODE) && !(from = find_anchor(from, to, seen))) return false;
  return holds_shape(from, to);
}

/* Whether a key has all letters of one of the words: most keys have not, and need no closer look. */
static bool may_be_secret(const struct scan_words *words, const uint8_t *p, const uint8_t *end) {
  uint32_t letters = 0;
  while (p < end) letters |= letter_bit(*p++);
  for (unsigned i = 0; i < words->count; i++)
    if ((words->letters[i] & ~letters) == 0) return true;
  return false;
}

/* Which of the members asked for a key at the top level is; -1: none. p..end is its inside. */
static int find_member(const struct scan_request *request, const uint8_t *p, const uint8_t *end) {
  char name[SCAN_NAME_BYTES];
  unsigned length = 0;
  while (p < end && length < SCAN_NAME_BYTES) {
    int c = next_unit(&p);
    name[length++] = c < 0x80 ? (char)c : (char)0xff;
  }
  for (uint32_t i = 0; p == end && i < request->name_count; i++)
    if (strlen(request->names[i]) == length && memcmp(request->names[i], name, length) == 0) return (int)i;
  return -1;
}

/* Whether a key is secret; p..end is its inside. */
static bool is_secret_key(const struct scan *s, const uint8_t *p, const uint8_t *end, unsigned seen) {
  const struct scan_words *words = &s->request->words;
  unsigned __int128 state = 0, found = 0;
  if (s->request->secret_limit == 0 || s->secret_depth) return false;
  if (!(seen & SEEN_ESCAPE) && !may_be_secret(words, p, end)) return false;
  while (p < end) {
    int c = next_unit(&p);
    unsigned class = c < 0x80 ? key_class[c] : 0;
    if (class == KEY_SKIP) continue;
    state = class ? ((state << 1) | words->first) & words->letter[class - 1] : 0;
    found |= state & words->last;
  }
  return found && !(state & words->last_of_endings);
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
  static struct scan s; /* 8 KB that must not be on a small stack; fully set below but for the nesting */
  bool key_is_secret = false;
  int member = -1;            /* of the top level's current value */
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
