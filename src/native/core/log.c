#include "log.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "lock.h"
#include "rotate.h"

enum { REOPENS_MOST = 64 };

/* Whether the file ends without a newline, because a full disk or a killed writer left half a line. */
static bool ends_in_half_line(int fd, const struct stat *stat) {
  char last;
  return stat->st_size > 0 && pread(fd, &last, 1, stat->st_size - 1) == 1 && last != '\n';
}

/* Whether the log may be rotated by this call: its descriptor is locked, and the name still leads to it. Where it is busy,
   a tap with another lock file may be rotating it: a line that would be dropped waits for that. Whoever can open a log
   that others may read could hold its lock for ever: after the wait the lock file is enough. */
static bool may_rotate(int fd, const struct stat *stat, bool full, bool held, unsigned *left_ms) {
  bool open_to_others = held && (stat->st_mode & 044);
  return lock_within(fd, full || open_to_others ? left_ms : &(unsigned){0}) || (open_to_others && errno == EWOULDBLOCK);
}

/* Rotates where it is due. 1: *fd is to be written; 0: open the name anew; -1: drop the line (with a fault). */
static int make_room(const struct log_request *request, int *fd, struct stat *stat, bool held, unsigned *left_ms,
                     struct faults *faults) {
  if (request->max_bytes == 0 || (uint64_t)stat->st_size <= request->max_bytes) return 1;
  bool full = (uint64_t)stat->st_size > 2 * request->max_bytes;
  if (may_rotate(*fd, stat, full, held, left_ms)) {
    if (!file_is_at(request->log_file, stat)) return 0;
    int fresh = rotate(request->log_file, faults);
    if (fresh >= 0) {
      close(*fd);
      *fd = fresh;
      stat->st_size = 0;
      return 1;
    }
  }
  if (!full) return 1;
  add_fault(faults, FAULT_LOG_FULL, 0);
  return -1;
}

/* Returns the bytes written, without the newline before them. */
static size_t write_line(int fd, const struct stat *stat, struct iovec *piece, int pieces, struct faults *faults) {
  size_t bytes = 0;
  piece[0] = (struct iovec){"\n", ends_in_half_line(fd, stat) ? 1 : 0};
  for (int i = 0; i < pieces; i++) bytes += piece[i].iov_len;
  ssize_t written;
  do written = writev(fd, piece, pieces);
  while (written < 0 && errno == EINTR);
  if (written < 0) add_fault(faults, FAULT_LOG_WRITE, errno);
  else if (written < (ssize_t)bytes) add_fault(faults, FAULT_LOG_SHORT, 0);
  return written > (ssize_t)piece[0].iov_len ? (size_t)written - piece[0].iov_len : 0;
}

/* The log, or -1 with a fault; a file whose name has gone since has no links. */
static struct file open_log(const struct log_request *request, int *lock, bool *lock_log, struct faults *faults) {
  struct file file = file_open(request->log_file, FILE_LOG);
  if (file.fd < 0 && file.error == EMFILE && *lock >= 0) { /* one descriptor is all there is: it must be the log's */
    add_fault(faults, FAULT_LOCK_OPEN, EMFILE);
    close(*lock);
    *lock = -1;
    *lock_log = true;
    file = file_open(request->log_file, FILE_LOG);
  }
  if (file.fd >= 0 && (file.stat.st_mode & 022) && file.stat.st_nlink != 0) {
    close(file.fd);
    file = (struct file){.fd = -1, .unfit = UNFIT_MODE};
  }
  if (file.fd < 0 && file.unfit == FIT) add_fault(faults, FAULT_LOG_OPEN, file.error);
  else if (file.fd < 0) add_fault(faults, FAULT_LOG_UNFIT, file.unfit);
  return file;
}

unsigned log_waited_ms = 0;

size_t log_append(const struct log_request *request, struct iovec *piece, int pieces, struct faults *faults) {
  int lock = -1, reopens = 0;
  bool held = false, lock_log = false; /* lock_log: the log's own descriptor is the lock */
  size_t written = 0;
  const unsigned may_wait = request->lock_file ? request->lock_timeout_ms : 0;
  const unsigned most_ms = may_wait > log_waited_ms ? may_wait - log_waited_ms : 0;
  unsigned left_ms = most_ms; /* for all waits of this line */
  if (request->lock_file) {
    lock = lock_take(request->lock_file, &left_ms, &held, faults);
    lock_log = lock < 0;
  }
  for (; reopens < REOPENS_MOST; reopens++) {
    struct file file = open_log(request, &lock, &lock_log, faults);
    if (file.fd < 0) break;
    if (file.stat.st_nlink == 0) { /* rotated away twice since it was opened */
      close(file.fd);
      continue;
    }
    if (lock_log) {
      if (!lock_within(file.fd, &left_ms)) {
        lock_add_fault(faults);
        lock_log = false; /* waited once; the next file, if there is one, is not waited for */
      } else if (!file_is_at(request->log_file, &file.stat)) {
        close(file.fd);
        continue;
      }
      if (fstat(file.fd, &file.stat) != 0) file.stat.st_size = 0; /* others wrote meanwhile */
    }
    int room = make_room(request, &file.fd, &file.stat, held, &left_ms, faults);
    if (room == 0) {
      close(file.fd);
      continue;
    }
    if (room > 0) written = write_line(file.fd, &file.stat, piece, pieces, faults);
    /* A tap with another lock file may have rotated twice between open and write: then the line is gone with its
       file, and is written again. */
    bool gone = written > 0 && fstat(file.fd, &file.stat) == 0 && file.stat.st_nlink == 0;
    close(file.fd);
    if (!gone) break;
    written = 0;
  }
  log_waited_ms += most_ms - left_ms;
  if (reopens == REOPENS_MOST) add_fault(faults, FAULT_LOG_OPEN, ESTALE);
  if (lock >= 0) close(lock);
  return written;
}
