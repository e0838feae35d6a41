/* For tests: one allocation fails, or it and all that follow. */
#ifndef CNI_TAP_TEST_ALLOCATION_H
#define CNI_TAP_TEST_ALLOCATION_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool test_refuses_allocation(void) {
#ifdef TAP_TEST_FAULTS
  static long takes = 0;
  const char *one = getenv("TAP_TEST_ALLOCATION"), *all = getenv("TAP_TEST_ALLOCATIONS");
  takes++;
  return (one && takes == atol(one)) || (all && takes >= atol(all));
#else
  return false;
#endif
}

#endif
