/* Parts of strings. All steps back from a separator end at the one before it, so that the time is linear. */
#include <string.h>

#include "find-either.h"
#include "secret.h"

static bool is_quote(uint8_t c) { return c == '"' || c == '\''; }
static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

static const uint8_t *skip_backslashes(const uint8_t *p, const uint8_t *end) {
  while (p < end && *p == '\\') p++;
  return p;
}

/* After the two slashes of "://", which may be escaped; NULL if there are none. */
static const uint8_t *skip_slashes(const uint8_t *p, const uint8_t *end) {
  for (int i = 0; i < 2; i++) {
    p = skip_backslashes(p, end);
    if (p >= end || *p++ != '/') return NULL;
  }
  return p;
}

/* The last @ before the end of a URL's authority; NULL if there is none. */
static const uint8_t *find_at_sign(const uint8_t *p, const uint8_t *end) {
  const uint8_t *found = NULL;
  for (; p < end && *p > ' ' && !memchr("/?#\"',;\\", *p, 8); p++)
    if (*p == '@') found = p;
  return found;
}

/* After the separator: the value without its opening quote; NULL if it is empty. */
static const uint8_t *find_value(const uint8_t *p, const uint8_t *end) {
  while (p < end && is_blank(*p)) p++;
  const uint8_t *quote = skip_backslashes(p, end);
  if (quote < end && is_quote(*quote)) {
    p = quote + 1;
    const uint8_t *next = skip_backslashes(p, end);
    if (next < end && *next == *quote) return NULL;
  }
  return p < end ? p : NULL;
}

static const uint8_t *back_over_backslashes(const uint8_t *text, const uint8_t *p) {
  while (p > text && p[-1] == '\\') p--;
  return p;
}

static bool is_escaped(const uint8_t *text, const uint8_t *p) { return p - text >= 2 && p[-2] == '\\'; }

/* Back over white space, escaped or not. */
static const uint8_t *back_over_space(const uint8_t *text, const uint8_t *p) {
  while (p > text) {
    uint8_t c = p[-1];
    if (is_blank(c) || c == '\n' || c == '\r') p--;
    else if ((c == 'n' || c == 'r' || c == 't') && is_escaped(text, p)) p = back_over_backslashes(text, p - 1);
    else break;
  }
  return p;
}

/* Whether there are only blanks and dashes between the start of a line and p. */
static bool is_at_line_start(const uint8_t *text, const uint8_t *p) {
  while (p > text) {
    uint8_t c = p[-1];
    if (is_blank(c) || c == '-') p--;
    else if (c == 't' && is_escaped(text, p)) p = back_over_backslashes(text, p - 1);
    else return c == '\n' || c == '\r' || ((c == 'n' || c == 'r') && is_escaped(text, p));
  }
  return true;
}

struct identifier {
  const uint8_t *start, *end;
  bool quoted;   /* there is a quote after it */
  bool has_pair; /* it may be secret */
};

/* The identifier that ends at p, or at the quote there. */
static inline struct identifier read_identifier(const uint8_t *text, const uint8_t *p) {
  struct identifier id = {0};
  if (p > text && is_quote(p[-1])) {
    p = back_over_backslashes(text, p - 1);
    id.quoted = true;
  }
  id.end = p;
  const uint8_t *least = p - text > KEY_LETTERS_MOST ? p - KEY_LETTERS_MOST : text;
  unsigned after = 0, found = 0;
  for (unsigned class; p > least && (class = secret_class[p[-1]]); p--) {
    found |= secret_pair[class * 32 + after];
    if (class != CLASS_SEPARATOR) after = class;
  }
  id.start = p;
  id.has_pair = found;
  return id;
}

/* The letter of an escape that the identifier begins with counts only where it makes a secret word. */
static const uint8_t *after_escape(const uint8_t *text, const struct identifier *id) {
  bool escape = id->start > text && id->start[-1] == '\\' && id->start < id->end && memchr("bfnrt", *id->start, 5);
  return id->start + escape;
}

static bool is_secret(const uint8_t *text, const struct identifier *id) {
  if (!id->has_pair) return false;
  const uint8_t *start = after_escape(text, id);
  return (secret_key(id->start, id->end, 0) & HIDES_STRINGS) ||
         (start > id->start && (secret_key(start, id->end, 0) & HIDES_STRINGS));
}

static bool ends_in_authorization(const struct identifier *id) {
  static const char word[] = "authorization";
  const size_t length = sizeof word - 1;
  if ((size_t)(id->end - id->start) < length) return false;
  for (size_t i = 0; i < length; i++)
    if ((*(id->end - length + i) | 0x20) != word[i]) return false;
  return true;
}

/* Whether this is the "value" of JSON such as {"name":"password","value":"x"}. */
static bool is_value_of_secret(const uint8_t *text, const struct identifier *id) {
  if (id->end - id->start != 5 || memcmp(id->start, "value", 5) != 0 || id->start == text || !is_quote(id->start[-1]))
    return false;
  const uint8_t *p = back_over_space(text, back_over_backslashes(text, id->start - 1));
  if (p == text || p[-1] != ',') return false;
  struct identifier name = read_identifier(text, back_over_space(text, p - 1));
  return name.quoted && is_secret(text, &name);
}

static inline bool is_assignment(const uint8_t *text, const uint8_t *separator) {
  const uint8_t *p = separator;
  while (p > text && is_blank(p[-1])) p--;
  struct identifier id = read_identifier(text, p);
  if (id.start == id.end) return false;
  if (id.quoted && *separator == ':' && is_value_of_secret(text, &id)) return true;
  if (!is_secret(text, &id)) return false;
  return id.quoted || *separator == '=' || memchr(id.start, '-', (size_t)(id.end - id.start)) ||
         ends_in_authorization(&id) || is_at_line_start(text, after_escape(text, &id));
}

bool secret_next_part(struct secret_parts *parts) {
  const uint8_t *text = parts->text, *end = parts->end;
  for (const uint8_t *p = parts->at; (p = find_either(':', '=', text, p, end)) < end; p++) {
    if (end - p < 2) return false;
    const uint8_t *authority = *p == ':' && (p[1] == '/' || p[1] == '\\') ? skip_slashes(p + 1, end) : NULL;
    if (authority) {
      const uint8_t *at_sign = find_at_sign(authority, end);
      if (!at_sign || at_sign == authority) continue;
      parts->part = authority;
      parts->part_end = parts->at = at_sign;
      return true;
    }
    if (!is_assignment(text, p)) continue;
    const uint8_t *value = find_value(p + 1, end);
    if (!value) continue;
    parts->part = value;
    parts->part_end = parts->at = end;
    return true;
  }
  return false;
}
