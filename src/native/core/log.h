/* Lock, append one line, rotate. */
#ifndef CNI_TAP_LOG_H
#define CNI_TAP_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "faults.h"

struct log_request {
  const char *log_file;
  const char *lock_file; /* NULL: append without a lock */
  unsigned lock_timeout_ms;
  uint64_t max_bytes; /* 0: never rotate */
};

/* Appends the line made of the pieces, which include its newline, with one writev(2). piece[0] is
   overwritten: it is reserved for a newline after half a line. Returns how many bytes of the others are in the log: a full
   disk takes a part. lock_timeout_ms is for all lines of this process together, less log_waited_ms. */
size_t log_append(const struct log_request *request, struct iovec *piece, int pieces, struct faults *faults);

/* What this process has waited. One that goes on for long sets it to 0. */
extern unsigned log_waited_ms;

#endif
