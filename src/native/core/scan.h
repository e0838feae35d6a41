/* One pass over a JSON text: checks that it is one object (RFC 8259), and finds the requested members and the
   secrets. The caller gives the names. Nesting is kept in an array, not on the stack. */
#ifndef CNI_TAP_SCAN_H
#define CNI_TAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

enum {
  SCAN_MEMBERS = 16,    /* most members per scan */
  SCAN_NAME_BYTES = 32, /* longest member name */
  SCAN_CUTS = 64,       /* most cuts */
};

struct scan_span {
  uint32_t start, end; /* end 0: absent */
};

struct scan_secret {
  uint32_t start, end;
  uint32_t inner; /* 0: a whole value or key; 1: a part of a string */
};

struct scan_request {
  const char *names[SCAN_MEMBERS];
  uint32_t name_count;
  uint32_t secret_limit; /* at most SECRETS_MOST; 0: do not search for secrets */
  bool search_everywhere; /* false: only in the requested members */
  uint32_t depth_limit;  /* at most INPUT_LEVELS_MOST */
  bool any_value;        /* any JSON value will do, not only an object */
  bool cut;              /* find what to take out for the object to be without one of the names */
  uint32_t cut_name;     /* its index */
};

struct scan_result {
  enum scan_error error;
  uint32_t at;         /* offset of the invalid byte; the length if the text ends too early */
  uint32_t start, end; /* the object */
  bool raw_newline;    /* there is a raw CR or LF between its tokens */
  bool overflow;       /* there are more secrets than the limit */
  struct scan_span member[SCAN_MEMBERS]; /* the last of each name at the top level */
  /* Each has the members to cut, with one comma and the space between; further ones than SCAN_CUTS stay. */
  uint32_t cut_count;
  struct scan_span cut[SCAN_CUTS];
  /* Values whose key is secret, strings (keys or values) that look secret, and secret parts of strings; ordered by
     start, not nested. */
  uint32_t secret_count;
  struct scan_secret secret[SECRETS_MOST];
};

/* Scans text[0..length). Spans are meaningful only if result->error is SCAN_OK. */
void scan_json(const uint8_t *text, size_t length, const struct scan_request *request, struct scan_result *result);

#endif
