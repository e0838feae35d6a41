/* One pass over a JSON text: is it one object (RFC 8259), where are the members asked for, where are the secrets.
   Names and words come from the caller. The nesting is kept in a bit array, never on the stack. */
#ifndef CNI_TAP_SCAN_H
#define CNI_TAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

enum {
  SCAN_MEMBERS = 16,        /* members that can be asked for in one scan */
  SCAN_NAME_BYTES = 32,     /* longest name of such a member */
  SCAN_WORDS = 32,          /* most words */
  SCAN_LETTERS = 128,       /* most letters of all words and endings */
};

/* Up to SCAN_LETTERS lower-case letters of words, searched all at once in a key (shift-and, one bit a letter). A key is secret
   when it holds a word, unless it ends in an ending. */
struct scan_words {
  unsigned __int128 first, last, last_of_endings, letter[26];
  unsigned bits;
  uint32_t letters[SCAN_WORDS]; /* the letters of each word, a bit each; endings have none */
  unsigned count;
};

struct scan_span {
  uint32_t start, end; /* end 0: absent */
};

struct scan_request {
  const char *names[SCAN_MEMBERS];
  uint32_t name_count;
  struct scan_words words;
  uint32_t secret_limit; /* SECRETS_MOST at most; 0: do not look for secrets */
  uint32_t depth_limit;  /* INPUT_LEVELS_MOST at most */
};

struct scan_result {
  enum scan_error error;
  uint32_t at;      /* offset of the byte that is at fault; the length where the text ends too early */
  uint32_t start, end; /* the object */
  bool raw_newline; /* a raw CR or LF stands between its tokens */
  bool overflow;    /* there are more secrets than the limit */
  struct scan_span member[SCAN_MEMBERS]; /* the last of each name at the top level */
  /* Values whose key is secret, and strings, keys and values, that hold a JWT or a PEM block; in the order of their
     start, none within another. */
  uint32_t secret_count;
  struct scan_span secret[SECRETS_MOST];
};

/* Adds a word, or an ending (letters a-z only). False when it holds anything else or the words are full. */
bool scan_add_word(struct scan_words *words, const char *word, bool ending);

/* Scans text[0..length). Spans are meaningful only where result->error is SCAN_OK. */
void scan_json(const uint8_t *text, size_t length, const struct scan_request *request, struct scan_result *result);

#endif
