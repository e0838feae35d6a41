/* What could not be done with log or lock, as numbers; what they are called is the caller's business. The codes and
   details are `enum fault_code` and `enum unfit` of policy.h. */
#ifndef CNI_TAP_FAULTS_H
#define CNI_TAP_FAULTS_H

#include "policy.h"

enum { FAULTS_MOST = 8 };

struct faults {
  unsigned count;
  struct { int code, detail; } item[FAULTS_MOST];
};

/* Further faults than FAULTS_MOST are dropped. */
static inline void add_fault(struct faults *faults, int code, int detail) {
  if (faults->count == FAULTS_MOST) return;
  faults->item[faults->count].code = code;
  faults->item[faults->count++].detail = detail;
}

#endif
