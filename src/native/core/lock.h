/* flock(2) with a deadline. */
#ifndef CNI_TAP_LOCK_H
#define CNI_TAP_LOCK_H

#include <stdbool.h>

#include "faults.h"

/* Locks a descriptor, exclusively; *left_ms is what a call may still spend on waiting. False with errno EWOULDBLOCK
   when another one held it for all that time. */
bool lock_within(int fd, unsigned *left_ms);

/* Opens the lock file and locks it. -1 with a fault where that cannot be used; *held says whether it is locked, with a
   fault where it is not. */
int lock_take(const char *path, unsigned *left_ms, bool *held, struct faults *faults);

/* The fault of a lock_within that failed. */
void lock_add_fault(struct faults *faults);

#endif
