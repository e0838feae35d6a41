#include "fields.h"

#include <string.h>

#include "arena.h"

enum { VARINT, FIXED64, LENGTH_DELIMITED, GROUP, END_GROUP, FIXED32 };
enum { VARINT_BYTES_MOST = 10, TAG_BYTES_MOST = 5, SPANS_KEPT = 1024 };

/* A set is a tree. The first node is the message; `number` is that of a field, negative for a varint. */
struct node {
  int32_t number;
  int16_t path; /* -1: none ends here */
  int16_t child, next; /* 0: none */
};
static struct node *sets[FIELD_SETS_MOST];

static int child_of(const struct node *set, int node, int32_t number) {
  int child = set[node].child;
  while (child && set[child].number != number) child = set[child].next;
  return child;
}

int fields_define(const struct field_path *path, uint32_t paths) {
  int set = 0, nodes = 1;
  while (set < FIELD_SETS_MOST && sets[set]) set++;
  if (set == FIELD_SETS_MOST) return -1;
  struct node *made = arena_take((1 + paths * FIELD_DEPTH_MOST) * sizeof *made);
  if (!made) return -1;
  made[0] = (struct node){.path = -1};
  for (uint32_t i = 0; i < paths; i++) {
    int at = 0;
    for (uint32_t j = 0; j < path[i].length; j++) {
      int child = child_of(made, at, path[i].number[j]);
      if (!child) {
        child = nodes++;
        made[child] = (struct node){.number = path[i].number[j], .path = -1, .next = made[at].child};
        made[at].child = (int16_t)child;
      }
      at = child;
    }
    made[at].path = (int16_t)i;
  }
  sets[set] = made;
  return set;
}

bool fields_defined(int set) { return set >= 0 && set < FIELD_SETS_MOST && sets[set]; }

/* The bytes of a varint; NULL where it does not end in time. */
static const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, int most, uint64_t *value) {
  *value = 0;
  for (int i = 0; i < most && at < end; i++) {
    *value |= (uint64_t)(*at & 0x7f) << 7 * i;
    if (!(*at++ & 0x80)) return at;
  }
  return NULL;
}

struct field {
  uint32_t number;
  unsigned type;
  const uint8_t *start, *end; /* the content */
};

static const uint8_t *skip(const uint8_t *at, const uint8_t *end, size_t bytes) {
  return (size_t)(end - at) < bytes ? NULL : at + bytes;
}

/* Reads a field but for what is in a group. NULL: there is none. */
static const uint8_t *read_field(const uint8_t *at, const uint8_t *end, struct field *field) {
  uint64_t value;
  at = read_varint(at, end, TAG_BYTES_MOST, &value);
  if (!at || value > UINT32_MAX || value >> 3 == 0) return NULL;
  field->number = (uint32_t)(value >> 3);
  field->type = value & 7;
  field->start = at;
  switch (field->type) {
    case VARINT: at = read_varint(at, end, VARINT_BYTES_MOST, &value); break;
    case FIXED64: at = skip(at, end, 8); break;
    case FIXED32: at = skip(at, end, 4); break;
    case LENGTH_DELIMITED:
      at = read_varint(at, end, VARINT_BYTES_MOST, &value);
      if (!at) return NULL;
      field->start = at;
      at = value > (uint64_t)(end - at) ? NULL : at + value;
      break;
    case GROUP:
    case END_GROUP: break;
    default: return NULL;
  }
  return field->end = at;
}

/* The end of a group that has begun. */
static const uint8_t *skip_group(const uint8_t *at, const uint8_t *end, uint32_t number) {
  uint32_t open[FIELD_GROUPS_MOST] = {number};
  struct field field;
  for (int depth = 1; depth > 0;) {
    at = read_field(at, end, &field);
    if (!at) return NULL;
    if (field.type == GROUP) {
      if (depth == FIELD_GROUPS_MOST) return NULL;
      open[depth++] = field.number;
    } else if (field.type == END_GROUP && field.number != open[--depth]) {
      return NULL;
    }
  }
  return at;
}

/* Goes over a message and those in it that paths lead through. */
struct walk {
  const struct node *set;
  bool leaves_whole; /* what a path ends at is not gone into */
  int depth;
  const uint8_t *at;
  struct {
    const uint8_t *end;
    int node;
  } level[FIELD_DEPTH_MOST + 1];
};
enum step { STEP_FIELD, STEP_LEFT, STEP_END, STEP_BROKEN };

/* The next field that is on a path, STEP_LEFT when the innermost message has come to its end. `node` is its place in the
   tree. */
static enum step walk_on(struct walk *walk, struct field *field, const struct node **node) {
  for (;;) {
    const uint8_t *end = walk->level[walk->depth].end;
    if (walk->at == end) {
      if (walk->depth == 0) return STEP_END;
      walk->depth--;
      return STEP_LEFT;
    }
    walk->at = read_field(walk->at, end, field);
    if (walk->at && field->type == GROUP) walk->at = skip_group(walk->at, end, field->number);
    if (!walk->at || field->type == END_GROUP) return STEP_BROKEN;
    if (field->type != VARINT && field->type != LENGTH_DELIMITED) continue;
    int32_t number = field->type == VARINT ? -(int32_t)field->number : (int32_t)field->number;
    int child = child_of(walk->set, walk->level[walk->depth].node, number);
    if (!child) continue;
    *node = &walk->set[child];
    if ((*node)->child && !(walk->leaves_whole && (*node)->path >= 0)) {
      walk->depth++;
      walk->level[walk->depth].end = field->end;
      walk->level[walk->depth].node = child;
      walk->at = field->start;
    }
    return STEP_FIELD;
  }
}

int32_t *fields_spans;
static size_t spans_room;

static bool make_room(size_t spans) {
  size_t room = spans > 2 * spans_room ? spans : 2 * spans_room;
  if (spans <= spans_room) return true;
  if (room < SPANS_KEPT) room = SPANS_KEPT;
  int32_t *larger = arena_resize(fields_spans, room * 3 * sizeof *larger);
  if (!larger) return false;
  fields_spans = larger;
  spans_room = room;
  return true;
}

int32_t fields_find(const uint8_t *bytes, size_t start, size_t end, int set) {
  struct walk walk = {.set = sets[set], .at = bytes + start, .level = {{bytes + end, 0}}};
  struct field field;
  const struct node *node;
  size_t found = 0;
  if (spans_room > SPANS_KEPT) { /* of an unusual message */
    arena_give_back(fields_spans);
    fields_spans = NULL;
    spans_room = 0;
  }
  for (;;) {
    enum step step = walk_on(&walk, &field, &node);
    if (step == STEP_BROKEN) return FIELDS_BROKEN;
    if (step == STEP_END) return (int32_t)found;
    if (step == STEP_LEFT || node->path < 0) continue;
    if (!make_room(found + 1)) return FIELDS_NO_MEMORY;
    int32_t *span = fields_spans + 3 * found++;
    span[0] = node->path;
    span[1] = (int32_t)(field.start - bytes);
    span[2] = (int32_t)(field.end - bytes);
  }
}

static uint8_t *put_varint(uint8_t *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = (uint8_t)(value | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

/* Nothing is written beyond what was read: a length is given the room that the longer one takes, and moved up in the end. */
uint8_t *fields_keep(uint8_t *to, const uint8_t *start, const uint8_t *end, int set) {
  struct walk walk = {.set = sets[set], .leaves_whole = true, .at = start, .level = {{end, 0}}};
  uint8_t *begin[FIELD_DEPTH_MOST], *content[FIELD_DEPTH_MOST]; /* of the messages that are being written */
  struct field field;
  const struct node *node;
  for (;;) {
    enum step step = walk_on(&walk, &field, &node);
    if (step == STEP_BROKEN) return NULL;
    if (step == STEP_END) return to;
    if (step == STEP_LEFT) {
      uint8_t *from = content[walk.depth];
      size_t length = (size_t)(to - from);
      uint8_t *moved = put_varint(begin[walk.depth], length);
      memmove(moved, from, length);
      to = moved + length;
      continue;
    }
    size_t length = (size_t)(field.end - field.start);
    to = put_varint(to, (uint64_t)field.number << 3 | field.type);
    if (node->path < 0) {
      begin[walk.depth - 1] = to;
      to = content[walk.depth - 1] = put_varint(to, length);
      continue;
    }
    if (field.type == LENGTH_DELIMITED) {
      if (!fields_utf8(field.start, field.end)) return NULL;
      to = put_varint(to, length);
    }
    memcpy(to, field.start, length);
    to += length;
  }
}

bool fields_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint8_t lead = *at++, least = 0x80, most = 0xbf; /* of the byte after the first */
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    if (lead == 0xe0) least = 0xa0;
    if (lead == 0xed) most = 0x9f;
    if (lead == 0xf0) least = 0x90;
    if (lead == 0xf4) most = 0x8f;
    int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (end - at < more || *at < least || *at > most) return false;
    while (++at, --more)
      if ((*at & 0xc0) != 0x80) return false;
  }
  return true;
}
