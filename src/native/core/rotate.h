/* Rotation of the log. */
#ifndef CNI_TAP_ROTATE_H
#define CNI_TAP_ROTATE_H

#include "faults.h"

/* Renames the log to <log>.1 and puts an empty one in its place. Returns that one's descriptor, or -1 with a fault, and
   then nothing has changed. */
int rotate(const char *path, struct faults *faults);

#endif
