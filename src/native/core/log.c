#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

enum { REOPENS_MOST = 64, PATH_BYTES = PATH_BYTES_MOST + 1 };

static void add_fault(struct faults *faults, int code, int detail) {
  if (faults->count == FAULTS_MOST) return;
  faults->item[faults->count].code = code;
  faults->item[faults->count++].detail = detail;
}

static void on_alarm(int signal) { (void)signal; }

static int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Exclusive flock(2) with a deadline. *left_ms is the time left for waiting; it is reduced by the time
   waited. A timer interrupts flock(2). It is periodic, because a signal that arrives between two calls
   interrupts neither. */
static bool lock_within(int fd, unsigned *left_ms) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK || *left_ms == 0) return false;

  struct sigaction action = {.sa_handler = on_alarm};
  struct itimerval tick = {.it_value = {*left_ms / 1000, *left_ms % 1000 * 1000}, .it_interval = {0, 2000}};
  sigaction(SIGALRM, &action, NULL);
  int64_t now, deadline = monotonic_ms() + *left_ms;
  if (setitimer(ITIMER_REAL, &tick, NULL) != 0) return false;

  int error;
  do {
    error = flock(fd, LOCK_EX) == 0 ? 0 : errno;
    now = monotonic_ms();
  } while (error == EINTR && now < deadline);
  *left_ms = now < deadline ? (unsigned)(deadline - now) : 0;
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  errno = error == EINTR ? EWOULDBLOCK : error;
  return error == 0;
}

static void add_lock_fault(struct faults *faults) {
  if (errno == EWOULDBLOCK) add_fault(faults, FAULT_LOCK_BUSY, 0);
  else add_fault(faults, FAULT_LOCK_FAILED, errno);
}

static enum unfit judge(const struct stat *stat) {
  if (!S_ISREG(stat->st_mode)) return UNFIT_TYPE;
  if (stat->st_uid != geteuid()) return UNFIT_OWNER;
  return stat->st_nlink == 1 ? FIT : UNFIT_LINKS;
}

/* Opens and checks the lock file. Returns its descriptor, or -1 with a fault. The directory may be writable
   for all users: they could plant anything there, or hold for ever the lock of a file that they can open. */
static int open_lock(const char *path, struct faults *faults) {
  struct stat stat;
  int fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
  if (fd < 0) {
    add_fault(faults, FAULT_LOCK_OPEN, errno);
    return -1;
  }
  if (fstat(fd, &stat) != 0) {
    add_fault(faults, FAULT_LOCK_OPEN, errno);
    close(fd);
    return -1;
  }
  enum unfit unfit = judge(&stat);
  if (unfit == FIT && stat.st_size != 0) unfit = UNFIT_CONTENT;
  if (unfit == FIT && (stat.st_mode & 077) && fchmod(fd, 0600) != 0) unfit = UNFIT_MODE;
  if (unfit == FIT) return fd;
  add_fault(faults, FAULT_LOCK_UNFIT, unfit);
  close(fd);
  return -1;
}

static int open_log(const char *path) {
  return open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
}

static bool is_still_at(const char *path, const struct stat *file) {
  struct stat stat;
  return lstat(path, &stat) == 0 && stat.st_ino == file->st_ino && stat.st_dev == file->st_dev;
}

/* Moves the full log to <log>.1 and puts an empty one in its place. Returns the descriptor of the empty one,
   or -1 with a fault. The log's name is never free: the empty file is renamed to <log>.1, then the two files
   are exchanged. */
static int rotate(const char *path, struct faults *faults) {
  char old[PATH_BYTES + 32], fresh[PATH_BYTES + 32];
  uint64_t random;
  if (syscall(SYS_getrandom, &random, sizeof random, 1 /* GRND_NONBLOCK */) != sizeof random) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    random = (uint64_t)now.tv_nsec << 32 | (uint64_t)getpid();
  }
  snprintf(old, sizeof old, "%s.1", path);
  snprintf(fresh, sizeof fresh, "%s.%016llx", path, (unsigned long long)random);

  int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    add_fault(faults, FAULT_ROTATE_CREATE, errno);
    return -1;
  }
  if (rename(fresh, old) != 0) {
    add_fault(faults, FAULT_ROTATE_RENAME, errno);
    unlink(fresh);
    close(fd);
    return -1;
  }
  if (syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, path, RENAME_EXCHANGE) != 0) {
    add_fault(faults, FAULT_ROTATE_SWAP, errno);
    close(fd);
    return -1;
  }
  return fd;
}

/* Whether the file ends without a newline, because a full disk or a killed writer left half a line. */
static bool ends_in_half_line(int fd, const struct stat *stat) {
  char last;
  return stat->st_size > 0 && pread(fd, &last, 1, stat->st_size - 1) == 1 && last != '\n';
}

/* Rotates if due. Returns 1: write to *fd; 0: open the log again; -1: drop the line (with a fault). */
static int make_room(const struct log_request *request, int *fd, struct stat *stat, unsigned *left_ms,
                     struct faults *faults) {
  if (request->max_bytes == 0 || (uint64_t)stat->st_size <= request->max_bytes) return 1;
  bool full = (uint64_t)stat->st_size > 2 * request->max_bytes;
  /* If the log is locked, another tap may be rotating it. Wait only if the line would be dropped. */
  if (lock_within(*fd, full ? left_ms : &(unsigned){0})) {
    if (!is_still_at(request->log_file, stat)) return 0;
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

static bool write_line(int fd, const struct stat *stat, struct iovec *piece, int pieces, struct faults *faults) {
  size_t bytes = 0;
  piece[0] = (struct iovec){"\n", ends_in_half_line(fd, stat) ? 1 : 0};
  for (int i = 0; i < pieces; i++) bytes += piece[i].iov_len;
  ssize_t written;
  do written = writev(fd, piece, pieces);
  while (written < 0 && errno == EINTR);
  if (written == (ssize_t)bytes) return true;
  if (written < 0) add_fault(faults, FAULT_LOG_WRITE, errno);
  else add_fault(faults, FAULT_LOG_SHORT, 0);
  return false;
}

bool log_append(const struct log_request *request, struct iovec *piece, int pieces, struct faults *faults) {
  int lock = -1;
  bool lock_log = false, written = false; /* lock_log: lock the log's own descriptor */
  int reopens = 0;
  unsigned left_ms = request->lock_file ? request->lock_timeout_ms : 0; /* for all waits of this call */
  if (request->lock_file) {
    lock = open_lock(request->lock_file, faults);
    lock_log = lock < 0;
    if (lock >= 0 && !lock_within(lock, &left_ms)) add_lock_fault(faults);
  }
  for (; reopens < REOPENS_MOST; reopens++) {
    struct stat stat;
    int fd = open_log(request->log_file);
    if (fd < 0 && errno == EMFILE && lock >= 0) { /* only one descriptor is available: the log needs it */
      add_fault(faults, FAULT_LOCK_OPEN, EMFILE);
      close(lock);
      lock = -1;
      lock_log = true;
      fd = open_log(request->log_file);
    }
    if (fd < 0 || fstat(fd, &stat) != 0) {
      add_fault(faults, FAULT_LOG_OPEN, errno);
      if (fd >= 0) close(fd);
      break;
    }
    if (stat.st_nlink == 0) { /* the log was rotated twice after the open */
      close(fd);
      continue;
    }
    enum unfit unfit = judge(&stat);
    if (unfit == FIT && (stat.st_mode & 022)) unfit = UNFIT_MODE;
    if (unfit != FIT) {
      add_fault(faults, FAULT_LOG_UNFIT, unfit);
      close(fd);
      break;
    }
    if (lock_log) {
      if (!lock_within(fd, &left_ms)) {
        add_lock_fault(faults);
        lock_log = false; /* after a rotation, do not wait again */
      } else if (!is_still_at(request->log_file, &stat)) {
        close(fd);
        continue;
      }
      if (fstat(fd, &stat) != 0) stat.st_size = 0; /* others wrote during the wait */
    }
    int room = make_room(request, &fd, &stat, &left_ms, faults);
    if (room == 0) {
      close(fd);
      continue;
    }
    if (room > 0) written = write_line(fd, &stat, piece, pieces, faults);
    /* A tap with another lock file may have rotated twice between open and write. Then the line was deleted
       with its file, and is written again. */
    bool gone = written && fstat(fd, &stat) == 0 && stat.st_nlink == 0;
    close(fd);
    if (!gone) break;
    written = false;
  }
  if (reopens == REOPENS_MOST) add_fault(faults, FAULT_LOG_OPEN, ESTALE);
  if (lock >= 0) close(lock);
  return written;
}
