/* Fields of Protocol Buffers messages at known paths, without making objects of them.
   https://protobuf.dev/programming-guides/encoding/ */
#ifndef CNI_TAP_OBSERVE_FIELDS_H
#define CNI_TAP_OBSERVE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELD_PATHS_MOST = 64, FIELD_DEPTH_MOST = 8, FIELD_SETS_MOST = 16, FIELD_GROUPS_MOST = 100 };

/* Numbers of the fields from the message to the field; the last is negative for a varint. */
struct field_path {
  int32_t number[FIELD_DEPTH_MOST];
  uint32_t length;
};

/* A set of paths by a number of its own; -1: out of memory or of sets. */
int fields_define(const struct field_path *path, uint32_t paths);
bool fields_defined(int set);

/* What fields_find has found: index of the path, start and end of the content, three numbers each. */
extern int32_t *fields_spans;
enum { FIELDS_BROKEN = -1, FIELDS_NO_MEMORY = -2 };

/* How many fields there are, or one of those above. */
int32_t fields_find(const uint8_t *bytes, size_t start, size_t end, int set);

/* Writes a message with the fields at paths and nothing else to `to`, which has room for all that is between start and end.
   Returns the end of what was written; NULL where this is no message, or one of the fields is no varint and not UTF-8. */
uint8_t *fields_keep(uint8_t *to, const uint8_t *start, const uint8_t *end, int set);

/* Whether bytes are UTF-8: nothing overlong, no surrogates, nothing beyond U+10FFFF (RFC 3629). */
bool fields_utf8(const uint8_t *at, const uint8_t *end);

#endif
