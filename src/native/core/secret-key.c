/* Keys. */
#include <string.h>

#include "secret.h"

#define LETTER(n) ['a' + n] = n + 1, ['A' + n] = n + 1
#define DIGIT(n) ['0' + n] = CLASS_DIGIT
const uint8_t secret_class[256] = {
    ['_'] = CLASS_SEPARATOR, ['-'] = CLASS_SEPARATOR, ['.'] = CLASS_SEPARATOR,
    LETTER(0), LETTER(1), LETTER(2), LETTER(3), LETTER(4), LETTER(5), LETTER(6), LETTER(7), LETTER(8),
    LETTER(9), LETTER(10), LETTER(11), LETTER(12), LETTER(13), LETTER(14), LETTER(15), LETTER(16), LETTER(17),
    LETTER(18), LETTER(19), LETTER(20), LETTER(21), LETTER(22), LETTER(23), LETTER(24), LETTER(25),
    DIGIT(0), DIGIT(1), DIGIT(2), DIGIT(3), DIGIT(4), DIGIT(5), DIGIT(6), DIGIT(7), DIGIT(8), DIGIT(9)};

struct word {
  const char *text;
  unsigned length;
};
static const struct word secret_words[] = {SECRET_WORDS}, own_words[] = {OWN_WORDS}, harmless_endings[] = {HARMLESS_ENDINGS},
                         own_followers[] = {OWN_FOLLOWERS};
#define COUNT(list) (sizeof(list) / sizeof *(list))

const uint8_t secret_pair[32 * 32] = {RARE_PAIRS};

/* A key in lower case without separators. */
struct key {
  unsigned length;
  uint8_t text[KEY_LETTERS_MOST]; /* 0 for what is no letter */
  bool starts[KEY_LETTERS_MOST]; /* a word in camelCase, snake_case and so on starts here */
};

/* False if it is too long. */
static bool read_key(struct key *key, const uint8_t *p, const uint8_t *end, unsigned seen) {
  enum { NO_LETTER, LOWER, UPPER } before = NO_LETTER;
  key->length = 0;
  while (p < end) {
    int c = string_next(&p, seen);
    unsigned class = c < 0x100 ? secret_class[c] : 0;
    if (class == CLASS_SEPARATOR) {
      before = NO_LETTER;
      continue;
    }
    if (key->length == KEY_LETTERS_MOST) return false;
    bool letter = class != 0 && class != CLASS_DIGIT, upper = letter && c < 'a';
    if (letter && !upper && before == UPPER) key->starts[key->length - 1] = true; /* the last capital of a run: APIKey */
    key->starts[key->length] = letter && (before == NO_LETTER || (upper && before == LOWER));
    key->text[key->length++] = letter ? (uint8_t)(c | 0x20) : 0;
    before = !letter ? NO_LETTER : upper ? UPPER : LOWER;
  }
  return true;
}

/* Whether the word ends at the offset `end`. */
static bool ends_in(const struct key *key, unsigned end, const struct word *word) {
  return end >= word->length && memcmp(key->text + end - word->length, word->text, word->length) == 0;
}

static bool contains_word(const struct key *key) {
  for (unsigned i = 0; i < COUNT(secret_words); i++) {
    const struct word *word = &secret_words[i];
    for (unsigned end = word->length; end <= key->length; end++)
      if (key->text[end - 1] == (uint8_t)word->text[word->length - 1] && ends_in(key, end, word)) return true;
  }
  return false;
}

/* Whether the key ends in a harmless ending: a word of its own, or right after a secret word. */
static bool is_harmless(const struct key *key) {
  for (unsigned i = 0; i < COUNT(harmless_endings); i++) {
    if (!ends_in(key, key->length, &harmless_endings[i])) continue;
    unsigned from = key->length - harmless_endings[i].length;
    if (key->starts[from]) return true;
    for (unsigned j = 0; j < COUNT(secret_words); j++)
      if (ends_in(key, from, &secret_words[j])) return true;
  }
  return false;
}

static unsigned without_others(const struct key *key, unsigned end) {
  while (end > 0 && key->text[end - 1] == 0) end--;
  return end;
}

static bool ends_in_own_word(const struct key *key, unsigned end) {
  for (unsigned i = 0; i < COUNT(own_words); i++)
    if (ends_in(key, end, &own_words[i]) && key->starts[end - own_words[i].length]) return true;
  return false;
}

static bool has_own_word(const struct key *key) {
  unsigned end = without_others(key, key->length);
  if (ends_in_own_word(key, end)) return true;
  for (unsigned i = 0; i < COUNT(own_followers); i++) {
    unsigned from = end - own_followers[i].length;
    if (ends_in(key, end, &own_followers[i]) && key->starts[from] && ends_in_own_word(key, without_others(key, from)))
      return true;
  }
  return false;
}

unsigned secret_suspect_key(const uint8_t *p, const uint8_t *end, unsigned seen) {
  struct key key;
  if (!(seen & SEEN_ESCAPE) && end - p <= KEY_LETTERS_MOST) {
    unsigned before = 0, found = 0;
    for (const uint8_t *at = p; at < end; at++) {
      unsigned class = secret_class[*at];
      found |= secret_pair[before * 32 + class];
      if (class != CLASS_SEPARATOR) before = class;
    }
    if (!found) return 0;
  }
  if (!read_key(&key, p, end, seen)) return HIDES_STRINGS | HIDES_CONTAINERS | HIDES_OTHERS;
  if (contains_word(&key)) return HIDES_CONTAINERS | HIDES_OTHERS | (is_harmless(&key) ? 0 : HIDES_STRINGS);
  return has_own_word(&key) ? HIDES_STRINGS | HIDES_CONTAINERS : 0;
}
