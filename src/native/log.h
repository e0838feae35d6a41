/* Lock, append one line, rotate. Faults are counted out as numbers; what they are called is the caller's business. */
#ifndef CNI_TAP_LOG_H
#define CNI_TAP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Mirrored by FAULTS in src/native/native.ts. */
enum fault_code {
  FAULT_LOCK_OPEN,     /* detail: errno */
  FAULT_LOCK_UNFIT,    /* detail: enum unfit */
  FAULT_LOCK_BUSY,     /* the deadline passed */
  FAULT_LOCK_FAILED,   /* detail: errno of flock(2) */
  FAULT_LOG_OPEN,      /* detail: errno */
  FAULT_LOG_UNFIT,     /* detail: enum unfit */
  FAULT_LOG_WRITE,     /* detail: errno */
  FAULT_LOG_SHORT,     /* only part of the line was written */
  FAULT_ROTATE_CREATE, /* detail: errno */
  FAULT_ROTATE_RENAME, /* detail: errno; <logFile>.1 could not be replaced */
  FAULT_ROTATE_SWAP,   /* detail: errno of renameat2(2), RENAME_EXCHANGE */
  FAULT_LOG_FULL,      /* over twice the limit and not rotated: the line was dropped */
};

/* Mirrored by UNFIT in src/native/native.ts. */
enum unfit { FIT, UNFIT_TYPE, UNFIT_OWNER, UNFIT_LINKS, UNFIT_MODE, UNFIT_CONTENT };

enum { FAULTS_MOST = 8 };

struct faults {
  unsigned count;
  struct { int code, detail; } item[FAULTS_MOST];
};

struct log_request {
  const char *log_file;
  const char *lock_file; /* NULL: append without a lock */
  unsigned lock_timeout_ms;
  uint64_t max_bytes; /* 0: never rotate */
};

/* Appends the line made of the pieces (its newline included) with one writev(2). piece[0] is kept free for a newline
   of our own. False when the line is not, or not wholly, in the log. */
bool log_append(const struct log_request *request, struct iovec *piece, int pieces, struct faults *faults);

#endif
