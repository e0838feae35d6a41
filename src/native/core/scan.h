/* One pass over a JSON text: checks that it is one object (RFC 8259), and finds the requested members and the
   secrets. The caller gives the names and words. Nesting is kept in a bit array, not on the stack. */
#ifndef CNI_TAP_SCAN_H
#define CNI_TAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

enum {
  SCAN_MEMBERS = 16,    /* most members per scan */
  SCAN_NAME_BYTES = 32, /* longest member name */
  SCAN_WORDS = 32,      /* most words */
  SCAN_LETTERS = 128,   /* most letters of all words and endings together */
};

/* Words of up to SCAN_LETTERS lower-case letters, searched in a key all at once (shift-and, one bit per
   letter). A key is secret if it contains a word, unless it ends in an ending. */
struct scan_words {
  unsigned __int128 first, last, last_of_endings, letter[26];
  unsigned bits;
  uint32_t letters[SCAN_WORDS]; /* the letters of each word, one bit each; not set for endings */
  unsigned count;
};

struct scan_span {
  uint32_t start, end; /* end 0: absent */
};

struct scan_request {
  const char *names[SCAN_MEMBERS];
  uint32_t name_count;
  struct scan_words words;
  uint32_t secret_limit; /* at most SECRETS_MOST; 0: do not search for secrets */
  bool search_everywhere; /* false: only in the requested members */
  uint32_t depth_limit;  /* at most INPUT_LEVELS_MOST */
};

struct scan_result {
  enum scan_error error;
  uint32_t at;         /* offset of the invalid byte; the length if the text ends too early */
  uint32_t start, end; /* the object */
  bool raw_newline;    /* there is a raw CR or LF between its tokens */
  bool overflow;       /* there are more secrets than the limit */
  struct scan_span member[SCAN_MEMBERS]; /* the last of each name at the top level */
  /* Values whose key is secret, and strings (keys or values) that contain a JWT or a PEM block; ordered by
     start, not nested. */
  uint32_t secret_count;
  struct scan_span secret[SECRETS_MOST];
};

/* Adds a word or an ending. Returns false if it has characters other than a-z, or if there is no room. */
bool scan_add_word(struct scan_words *words, const char *word, bool ending);

/* Scans text[0..length). Spans are meaningful only if result->error is SCAN_OK. */
void scan_json(const uint8_t *text, size_t length, const struct scan_request *request, struct scan_result *result);

#endif
