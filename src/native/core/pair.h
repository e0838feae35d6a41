/* Pairs such as {"name":"DB_PASSWORD","value":"x"}: the name is the key of the value. */
#ifndef CNI_TAP_PAIR_H
#define CNI_TAP_PAIR_H

#include "scan.h"

enum { ROLE_NONE, ROLE_NAME, ROLE_VALUE };

/* What a member is by its key, p..end without its quotes. `seen` has the SEEN_ flags. */
uint8_t pair_role(const uint8_t *p, const uint8_t *end, unsigned seen);

/* Puts values whose name came after them among the other secrets, and drops what is inside another one. */
void pair_merge_late(struct scan_result *result, struct scan_span *late, uint32_t late_count, uint32_t limit);

#endif
