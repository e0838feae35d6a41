#include "quote.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "json-string.h"
#include "policy.h"
#include "secret.h"

enum { ESCAPED_BYTES = 6, OWN_BYTES = 4096 };

static const char pem_begin[] = "-----BEGIN ", pem_end[] = "-----END ";

bool quote_begin(struct quote *quote, size_t bytes) {
  quote->capacity = bytes * ESCAPED_BYTES + OWN_BYTES;
  quote->length = 0;
  void *text = mmap(NULL, quote->capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  quote->text = text == MAP_FAILED ? NULL : text;
  if (quote->text) quote->text[quote->length++] = '"';
  return quote->text;
}

void quote_clear(struct quote *quote) {
  if (quote->text) munmap(quote->text, quote->capacity);
  *quote = (struct quote){0};
}

static void add(struct quote *quote, const void *bytes, size_t length) {
  memcpy(quote->text + quote->length, bytes, length);
  quote->length += length;
}

void quote_add_own(struct quote *quote, const char *text) { add(quote, text, strlen(text)); }

void quote_end(struct quote *quote) { quote->text[quote->length++] = '"'; }

/* JSON's escapes, and those of what a terminal would obey (control.h). */
static void add_escaped(struct quote *quote, const uint8_t *p, const uint8_t *end) {
  static const char letters[] = "btn\0fr";
  for (; p < end; p++) {
    uint8_t c = *p;
    bool control = c == 0xc2 && end - p > 1 && p[1] >= 0x80 && p[1] <= 0x9f;
    if (control) c = *++p;
    if (control || c < ' ' || c == 0x7f) {
      char escape[ESCAPED_BYTES + 1];
      char letter = !control && c >= '\b' && c <= '\r' ? letters[c - '\b'] : '\0';
      int bytes = letter ? snprintf(escape, sizeof escape, "\\%c", letter) : snprintf(escape, sizeof escape, "\\u%04x", c);
      add(quote, escape, (size_t)bytes);
    } else {
      if (c == '"' || c == '\\') quote->text[quote->length++] = '\\';
      quote->text[quote->length++] = c;
    }
  }
}

static bool holds(const uint8_t *p, const uint8_t *end, const char *text) {
  return memmem(p, (size_t)(end - p), text, strlen(text));
}

/* Whether there is a secret key, in quotes or not, before a separator. */
static bool assigns_secret(const uint8_t *line, const uint8_t *end) {
  for (const uint8_t *separator = line; separator < end; separator++) {
    if (*separator != ':' && *separator != '=') continue;
    const uint8_t *to = separator;
    while (to > line && (to[-1] == ' ' || to[-1] == '\t')) to--;
    if (to > line && (to[-1] == '"' || to[-1] == '\'')) to--;
    while (to > line && to[-1] == '\\') to--;
    const uint8_t *from = to, *least = to - line > KEY_LETTERS_MOST ? to - KEY_LETTERS_MOST : line;
    while (from > least && secret_class[from[-1]]) from--;
    if (from < to && (secret_key(from, to, 0) & HIDES_STRINGS)) return true;
  }
  return false;
}

static bool is_secret(const uint8_t *line, const uint8_t *end) {
  struct secret_parts parts = {.text = line, .at = line, .end = end};
  return secret_shape(line, end, 0) || assigns_secret(line, end) || secret_next_part(&parts);
}

static const uint8_t *find_last(const uint8_t *p, const uint8_t *end, const char *text) {
  const uint8_t *found = NULL;
  for (; (p = memmem(p, (size_t)(end - p), text, strlen(text))); p++) found = p;
  return found;
}

/* Whether a line leaves a PEM block open: one file after another may have an end and a beginning in one line. */
static bool leaves_pem_open(const uint8_t *line, const uint8_t *end, bool before) {
  const uint8_t *last_begin = find_last(line, end, pem_begin), *last_end = find_last(line, end, pem_end);
  if (!last_end) return before || last_begin;
  return last_begin && last_begin > last_end;
}

/* Whether a text that begins anywhere begins in a PEM block: it has the end of one first. */
static bool begins_in_pem(const uint8_t *text, size_t length) {
  const uint8_t *end = memmem(text, length, pem_end, sizeof pem_end - 1);
  return end && !holds(text, end, pem_begin);
}

static void add_hidden(struct quote *quote, size_t bytes) {
  char hidden[64];
  snprintf(hidden, sizeof hidden, HIDDEN_FORMAT, (unsigned long)bytes);
  quote_add_own(quote, hidden);
}

/* A hidden line takes more room than its bytes only where it is one of a PEM block, which is hidden as one. */
void quote_add(struct quote *quote, const struct quote_part *part, bool redact) {
  const uint8_t *const end = part->text + part->length;
  const uint8_t *const shown_from = part->text + part->shown_from, *const shown_to = part->text + part->shown_to;
  const uint8_t *pem = part->cut && redact && part->shown_to > 0 && begins_in_pem(part->text, part->length) ? part->text : NULL;
  bool cut = part->cut && redact;
  for (const uint8_t *line = part->text, *next; line < end && (pem || line < shown_to); line = next, cut = false) {
    const uint8_t *newline = memchr(line, '\n', (size_t)(end - line)), *line_end = newline ? newline : end;
    next = newline ? newline + 1 : end;
    if (redact && !pem && holds(line, line_end, pem_begin)) pem = line;
    const uint8_t *const hidden = pem ? pem : redact && (cut || is_secret(line, line_end)) ? line : NULL;
    if (pem && next < end && leaves_pem_open(line, line_end, true)) continue;
    pem = NULL;
    if (next <= shown_from) continue;
    if (hidden && hidden < line_end) add_hidden(quote, (size_t)(line_end - hidden));
    else if (line < line_end) add_escaped(quote, line > shown_from ? line : shown_from, line_end < shown_to ? line_end : shown_to);
    if (newline && newline >= shown_from && newline < shown_to) quote_add_own(quote, "\\n");
  }
}
