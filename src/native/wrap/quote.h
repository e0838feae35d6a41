/* Text of a plugin as a JSON string, lines with a secret hidden. src/log/secret-lines.ts does the same. */
#ifndef CNI_TAP_WRAP_QUOTE_H
#define CNI_TAP_WRAP_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quote {
  uint8_t *text; /* a mapping */
  size_t length, capacity;
};

/* Makes room for `bytes` of any text, and begins the string. False: no memory. */
bool quote_begin(struct quote *quote, size_t bytes);

/* What there is of a text: `cut` where it begins within a line, or a PEM block. Of that, shown_from..shown_to is added to
   the string; lines are judged whole. */
struct quote_part {
  const uint8_t *text;
  size_t length;
  bool cut;
  size_t shown_from, shown_to;
};
void quote_add(struct quote *quote, const struct quote_part *part, bool redact);

/* Adds a text of our own as it is, then ends the string. */
void quote_add_own(struct quote *quote, const char *text);
void quote_end(struct quote *quote);

/* Gives the memory back. */
void quote_clear(struct quote *quote);

#endif
