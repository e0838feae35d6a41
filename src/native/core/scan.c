#include "scan.h"

#include <string.h>

#include "json-string.h"
#include "pair.h"
#include "secret.h"

/* An open object or array. In {"name":"DB_PASSWORD","value":"x"}, the name is the key of the value. */
struct level {
  uint32_t value_start, value_end; /* the last member "value", for a name that comes after it; value_end 0: none */
  uint8_t value_kind;              /* HIDES_ */
  bool object;
  uint8_t role; /* of the current member */
  uint8_t hides; /* what the names seen so far hide: HIDES_ */
};

struct scan {
  const uint8_t *text, *end, *p;
  const struct scan_request *request;
  struct scan_result *result;
  uint32_t depth;
  uint32_t secret_depth; /* level of the open object or array that is secret as a whole; 0: none */
  bool search;           /* secrets are searched here */
  uint32_t member_end;   /* of the last member at the top level; 0: none */
  bool kept;             /* there is a member at the top level that is not cut */
  bool cutting;          /* the current one is */
  string_passer *pass_searched;
  uint32_t late_count;
  struct level level[INPUT_LEVELS_MOST + 1];
  struct scan_span late[SECRETS_MOST]; /* values whose name came after them */
};

static bool fail(struct scan *s, enum scan_error error, const uint8_t *at) {
  s->result->error = at >= s->end ? SCAN_END : error;
  s->result->at = (uint32_t)((at >= s->end ? s->end : at) - s->text);
  return false;
}

/* Skips the string at s->p with its quotes and checks it. */
static bool pass_string(struct scan *s, unsigned *seen) {
  s->p++;
  enum scan_error error = (s->search ? s->pass_searched : string_pass)(&s->p, s->end, seen);
  return error == SCAN_OK || fail(s, error, s->p);
}

/* The index of a top-level key in the requested names, or -1. p..end is the key without its quotes. */
static int find_member(const struct scan_request *request, const uint8_t *p, const uint8_t *end) {
  char name[SCAN_NAME_BYTES];
  unsigned length = 0;
  while (p < end && length < SCAN_NAME_BYTES) {
    int c = string_unit(&p);
    name[length++] = c < 0x80 ? (char)c : (char)0xff;
  }
  for (uint32_t i = 0; p == end && i < request->name_count; i++)
    if (strlen(request->names[i]) == length && memcmp(request->names[i], name, length) == 0) return (int)i;
  return -1;
}

static bool is_searched(const struct scan *s) { return s->search && s->secret_depth == 0; }

static void add_secret(struct scan *s, const uint8_t *start, const uint8_t *end, bool inner) {
  if (s->result->secret_count == s->request->secret_limit) s->result->overflow = true;
  else
    s->result->secret[s->result->secret_count++] =
        (struct scan_secret){(uint32_t)(start - s->text), (uint32_t)(end - s->text), inner};
}

/* Notes what is secret in the string before s->p (start is its opening quote). */
static void add_secrets_of_string(struct scan *s, const uint8_t *start, unsigned seen) {
  if (seen & SEEN_HARMLESS || !is_searched(s)) return;
  if (secret_shape(start + 1, s->p - 1, seen)) {
    add_secret(s, start, s->p, false);
  } else {
    struct secret_parts parts = {.text = start + 1, .at = start + 1, .end = s->p - 1};
    while (secret_next_part(&parts)) add_secret(s, parts.part, parts.part_end, true);
  }
}

/* A member "name" or "key", the string before s->p. */
static void take_name(struct scan *s, const uint8_t *start, unsigned seen) {
  struct level *level = &s->level[s->depth];
  unsigned hides = secret_key(start + 1, s->p - 1, seen);
  level->hides |= (uint8_t)hides;
  if (level->value_end == 0 || !(hides & level->value_kind)) return;
  if (s->late_count == s->request->secret_limit) s->result->overflow = true;
  else s->late[s->late_count++] = (struct scan_span){level->value_start, level->value_end};
  level->value_end = 0;
}

/* A value begins whose name may come later. */
static inline void note_value(struct scan *s, const uint8_t *start, uint8_t kind) {
  struct level *level = &s->level[s->depth];
  if (level->role != ROLE_VALUE) return;
  level->value_start = (uint32_t)(start - s->text);
  level->value_kind = kind;
}

static inline void skip_space(struct scan *s) {
  if (s->p < s->end && *s->p > ' ') return;
  for (; s->p < s->end; s->p++) {
    uint8_t c = *s->p;
    if (c == '\n' || c == '\r') s->result->raw_newline = true;
    else if (c != ' ' && c != '\t') return;
  }
}

static bool pass_word(struct scan *s, const char *word) {
  for (; *word; word++, s->p++)
    if (s->p >= s->end || *s->p != (uint8_t)*word) return fail(s, SCAN_BYTE, s->p);
  return true;
}

static bool pass_digits(struct scan *s) {
  const uint8_t *from = s->p;
  while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
  return s->p > from || fail(s, SCAN_BYTE, s->p);
}

static bool pass_number(struct scan *s) {
  if (*s->p == '-') s->p++;
  if (s->p < s->end && *s->p == '0') s->p++;
  else if (!pass_digits(s)) return false;
  if (s->p < s->end && *s->p == '.') {
    s->p++;
    if (!pass_digits(s)) return false;
  }
  if (s->p < s->end && (*s->p | 0x20) == 'e') {
    s->p++;
    if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
    if (!pass_digits(s)) return false;
  }
  return true;
}

/* A key of the top level begins. What is cut begins at the end of the member before, or where there is none that stays,
   ends where the next one begins. */
static void cut_at_key(struct scan *s, uint32_t key, bool cut) {
  struct scan_result *result = s->result;
  struct scan_span *last = result->cut_count == 0 ? NULL : &result->cut[result->cut_count - 1];
  if (!s->kept && last) last->end = key;
  s->cutting = cut && (result->cut_count < SCAN_CUTS || !s->kept);
  if (!s->cutting) s->kept = true;
  else if (s->kept || !last) result->cut[result->cut_count++] = (struct scan_span){s->kept ? s->member_end : key, key};
}

static void end_member(struct scan *s, int member, uint32_t start) {
  uint32_t end = (uint32_t)(s->p - s->text);
  if (member >= 0) s->result->member[member] = (struct scan_span){start, end};
  if (s->cutting) s->result->cut[s->result->cut_count - 1].end = end;
  s->member_end = end;
}

static bool in_object(const struct scan *s) { return s->level[s->depth].object; }

void scan_json(const uint8_t *text, size_t length, const struct scan_request *request, struct scan_result *result) {
  static struct scan s; /* static: too much for a small stack. All but the levels and late secrets is set below. */
  const bool everywhere = request->search_everywhere && request->secret_limit != 0;
  unsigned hides = 0;      /* what the current key hides: HIDES_ */
  int member = -1; /* of the current top-level value */
  uint32_t member_start = 0;
  const uint8_t *secret_start = NULL;
  const uint8_t *start; /* of the current value, unless it is an object or array with members */
  unsigned seen;

  s.text = s.p = text;
  s.end = text + length;
  s.request = request;
  s.result = result;
  s.depth = s.secret_depth = s.late_count = s.member_end = 0;
  s.kept = s.cutting = false;
  s.search = everywhere;
  s.pass_searched = string_passer_for_search(everywhere ? length : 0); /* members are short */
  s.level[0] = (struct level){0};
  result->error = SCAN_OK;
  result->at = result->start = result->end = 0;
  result->raw_newline = result->overflow = false;
  result->secret_count = result->cut_count = 0;
  memset(result->member, 0, sizeof result->member);

  skip_space(&s);
  if (s.p >= s.end || (*s.p != '{' && !request->any_value)) {
    fail(&s, SCAN_NOT_OBJECT, s.p);
    return;
  }
  result->start = (uint32_t)(s.p - text);
  result->raw_newline = false;

value:
  start = s.p;
  if (s.p >= s.end) goto bad_byte;
  if (s.depth == 1) member_start = (uint32_t)(start - text);
  switch (*s.p) {
    case '{':
    case '[': {
      if (s.depth >= request->depth_limit) {
        fail(&s, SCAN_DEEP, s.p);
        return;
      }
      bool object = *s.p == '{';
      note_value(&s, start, HIDES_CONTAINERS);
      s.depth++;
      if (hides & HIDES_CONTAINERS) {
        s.secret_depth = s.depth;
        secret_start = start;
      }
      s.level[s.depth] = (struct level){.object = object};
      s.p++;
      skip_space(&s);
      if (s.p < s.end && *s.p == (object ? '}' : ']')) goto close;
      if (object) goto member_key;
      hides = 0;
      goto value;
    }
    case '"':
      if (!pass_string(&s, &seen)) return;
      if (hides & HIDES_STRINGS) add_secret(&s, start, s.p, false);
      else add_secrets_of_string(&s, start, seen);
      if (s.level[s.depth].role == ROLE_NAME && is_searched(&s)) take_name(&s, start, seen);
      note_value(&s, start, HIDES_STRINGS);
      goto after_value;
    case 't':
      if (!pass_word(&s, "true")) return;
      break;
    case 'f':
      if (!pass_word(&s, "false")) return;
      break;
    case 'n':
      if (!pass_word(&s, "null")) return;
      break;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      if (!pass_number(&s)) return;
      break;
    default: goto bad_byte;
  }
  if (hides & HIDES_OTHERS) add_secret(&s, start, s.p, false);
  note_value(&s, start, HIDES_OTHERS);

after_value:
  if (s.depth == 0) goto end;
  if (s.level[s.depth].role == ROLE_VALUE) s.level[s.depth].value_end = (uint32_t)(s.p - text);
  if (s.depth == 1) end_member(&s, member, member_start);
  skip_space(&s);
  if (s.p >= s.end) goto bad_byte;
  if (*s.p == ',') {
    s.p++;
    skip_space(&s);
    if (in_object(&s)) goto member_key;
    hides = 0;
    goto value;
  }
  if (*s.p != (in_object(&s) ? '}' : ']')) goto bad_byte;

close:
  s.p++;
  if (s.secret_depth == s.depth) {
    s.secret_depth = 0;
    add_secret(&s, secret_start, s.p, false);
  }
  s.depth--;
  goto after_value;

end:
  result->end = (uint32_t)(s.p - text);
  bool inside = result->raw_newline;
  skip_space(&s);
  result->raw_newline = inside;
  if (s.late_count > 0) pair_merge_late(result, s.late, s.late_count, request->secret_limit);
  if (s.p < s.end) fail(&s, SCAN_TRAILING, s.p);
  return;

member_key: {
  const uint8_t *from = s.p;
  if (s.p >= s.end || *s.p != '"') goto bad_byte;
  if (s.depth == 1) s.search = everywhere;
  if (!pass_string(&s, &seen)) return;
  if (s.depth == 1) {
    member = find_member(request, from + 1, s.p - 1);
    if (request->cut) cut_at_key(&s, (uint32_t)(from - text), member == (int)request->cut_name);
    s.search = everywhere || (member >= 0 && request->secret_limit != 0);
  }
  hides = 0;
  s.level[s.depth].role = ROLE_NONE;
  if (is_searched(&s)) {
    struct level *level = &s.level[s.depth];
    hides = secret_key(from + 1, s.p - 1, seen);
    level->role = pair_role(from + 1, s.p - 1, seen);
    if (level->role == ROLE_VALUE) hides |= level->hides;
    add_secrets_of_string(&s, from, seen);
  }
  skip_space(&s);
  if (s.p >= s.end || *s.p != ':') goto bad_byte;
  s.p++;
  skip_space(&s);
  goto value;
}

bad_byte:
  fail(&s, SCAN_BYTE, s.p);
}
