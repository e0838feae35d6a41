#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

uint8_t pair_role_of_short(const uint8_t *p, const uint8_t *end, unsigned seen) {
  uint8_t name[6];
  size_t length = 0;
  while (p < end && length < sizeof name) {
    int c = string_next(&p, seen);
    name[length++] = c < 0x80 ? (uint8_t)c : 0;
  }
  if (length == 5 && memcmp(name, "value", 5) == 0) return ROLE_VALUE;
  return (length == 4 && memcmp(name, "name", 4) == 0) || (length == 3 && memcmp(name, "key", 3) == 0) ? ROLE_NAME : ROLE_NONE;
}

static int compare_spans(const void *a, const void *b) {
  const struct scan_span *one = a, *other = b;
  if (one->start != other->start) return one->start < other->start ? -1 : 1;
  return one->end > other->end ? -1 : one->end < other->end;
}

void pair_merge_late(struct scan_result *result, struct scan_span *late, uint32_t late_count, uint32_t limit) {
  static struct scan_secret merged[SECRETS_MOST];
  uint32_t count = 0, from = 0, late_from = 0, reach = 0;
  qsort(late, late_count, sizeof *late, compare_spans);
  while (from < result->secret_count || late_from < late_count) {
    struct scan_secret next;
    if (late_from < late_count && (from == result->secret_count || late[late_from].start <= result->secret[from].start)) {
      next = (struct scan_secret){late[late_from].start, late[late_from].end, false};
      late_from++;
    } else {
      next = result->secret[from++];
    }
    if (next.start < reach) continue;
    if (count == limit) {
      result->overflow = true;
      break;
    }
    reach = next.end;
    merged[count++] = next;
  }
  memcpy(result->secret, merged, count * sizeof *merged);
  result->secret_count = count;
}
