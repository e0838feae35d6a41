/* Pairs such as {"name":"DB_PASSWORD","value":"x"}: the name is the key of the value. */
#ifndef CNI_TAP_PAIR_H
#define CNI_TAP_PAIR_H

#include "json-string.h"
#include "scan.h"

enum { ROLE_NONE, ROLE_NAME, ROLE_VALUE };

uint8_t pair_role_of_short(const uint8_t *p, const uint8_t *end, unsigned seen);

/* What a member is by its key, p..end without its quotes. `seen` has the SEEN_ flags. */
static inline uint8_t pair_role(const uint8_t *p, const uint8_t *end, unsigned seen) {
  return end - p < 3 || end - p > (seen & SEEN_UNICODE ? 30 : 5) ? ROLE_NONE : pair_role_of_short(p, end, seen);
}

/* Puts values whose name came after them among the other secrets, and drops what is inside another one. */
void pair_merge_late(struct scan_result *result, struct scan_span *late, uint32_t late_count, uint32_t limit);

#endif
