#include "secret.h"

#include <string.h>

/* Characters of a key: 1-26 for letters of either case, KEY_SKIP for ignored ones, 0 for all others. */
enum { KEY_SKIP = 27 };
#define LETTERS                                                                                                     \
  LETTER(0), LETTER(1), LETTER(2), LETTER(3), LETTER(4), LETTER(5), LETTER(6), LETTER(7), LETTER(8), LETTER(9),     \
      LETTER(10), LETTER(11), LETTER(12), LETTER(13), LETTER(14), LETTER(15), LETTER(16), LETTER(17), LETTER(18),   \
      LETTER(19), LETTER(20), LETTER(21), LETTER(22), LETTER(23), LETTER(24), LETTER(25)
#define LETTER(n) ['a' + n] = n + 1, ['A' + n] = n + 1
static const uint8_t key_class[128] = {['_'] = KEY_SKIP, ['-'] = KEY_SKIP, ['.'] = KEY_SKIP, LETTERS};
#undef LETTER
/* The bit of each letter in a set of letters. */
#define LETTER(n) ['a' + n] = 1u << n, ['A' + n] = 1u << n
static const uint32_t letter_bit[256] = {LETTERS};

bool scan_add_word(struct scan_words *words, const char *word, bool ending) {
  size_t length = strlen(word);
  if (length == 0 || words->bits + length > SCAN_LETTERS || (!ending && words->count == SCAN_WORDS)) return false;
  for (size_t i = 0; i < length; i++)
    if (word[i] < 'a' || word[i] > 'z') return false;
  words->first |= (unsigned __int128)1 << words->bits;
  for (size_t i = 0; i < length; i++) words->letter[word[i] - 'a'] |= (unsigned __int128)1 << words->bits++;
  if (!ending) {
    uint32_t letters = 0;
    for (size_t i = 0; i < length; i++) letters |= letter_bit[(uint8_t)word[i]];
    words->letters[words->count++] = letters;
  }
  *(ending ? &words->last_of_endings : &words->last) |= (unsigned __int128)1 << (words->bits - 1);
  return true;
}

static bool base64url(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int string_hex_digit(uint8_t c) {
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
      c = string_hex_digit((*p)[0]) << 12 | string_hex_digit((*p)[1]) << 8 | string_hex_digit((*p)[2]) << 4 | string_hex_digit((*p)[3]);
      *p += 4;
      /* U+0080 to U+00FF must not look like bytes of UTF-8; no search here needs them */
      return c < 0x80 ? c : 0x100;
    default: return c;
  }
}

/* Whether the string p..end (without quotes) contains /eyJ[\w-]*\.[\w-]*\.[\w-]/ or "-----BEGIN ". One pass:
   a second part that contains eyJ is remembered as a possible first part. */
static bool holds_shape(const uint8_t *p, const uint8_t *end) {
  static const char pem[] = "-----BEGIN ";
  unsigned pem_at = 0, ey = 0; /* characters matched of pem, of "eyJ" */
  /* 0: no eyJ in this run of base64url; 1: in the first part; 2: in the second; 3: after the second dot */
  unsigned part = 0;
  bool again = false; /* the second part contains eyJ, so it may be a first part */
  while (p < end) {
    int c = string_unit(&p);
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
    for (const uint8_t *j = p; (j = memchr(j, 'J', (size_t)(end - j))); j++)
      if (j - p >= 2 && j[-1] == 'y' && j[-2] == 'e') return j - 2;
  return NULL;
}

bool secret_shape(const uint8_t *p, const uint8_t *end, unsigned seen) {
  const uint8_t *from = seen & SEEN_UNICODE ? p : find_anchor(p, end, seen);
  return from && holds_shape(from, end);
}

/* Whether a key has all letters of one of the words: a fast check, enough for most keys. */
static bool may_be_secret(const struct scan_words *words, const uint8_t *p, const uint8_t *end) {
  uint32_t letters = 0;
  while (p < end) letters |= letter_bit[*p++];
  for (unsigned i = 0; i < words->count; i++)
    if ((words->letters[i] & ~letters) == 0) return true;
  return false;
}

bool secret_key(const struct scan_words *words, const uint8_t *p, const uint8_t *end, unsigned seen) {
  unsigned __int128 state = 0, found = 0;
  if (!(seen & SEEN_ESCAPE) && !may_be_secret(words, p, end)) return false;
  while (p < end) {
    int c = string_unit(&p);
    unsigned class = c < 0x80 ? key_class[c] : 0;
    if (class == KEY_SKIP) continue;
    state = class ? ((state << 1) | words->first) & words->letter[class - 1] : 0;
    found |= state & words->last;
  }
  return found && !(state & words->last_of_endings);
}
