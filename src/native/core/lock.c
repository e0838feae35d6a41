#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

enum { TRIES_MOST = 16 };

static void on_alarm(int signal) { (void)signal; }

static int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A timer interrupts the waiting call, and goes on ticking so that a tick between two calls is not the last one. */
bool lock_within(int fd, unsigned *left_ms) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK || *left_ms == 0) return false;

  struct sigaction action = {.sa_handler = on_alarm}, before;
  struct itimerval tick = {.it_value = {*left_ms / 1000, *left_ms % 1000 * 1000}, .it_interval = {0, 2000}};
  sigaction(SIGALRM, &action, &before);
  int64_t now = monotonic_ms(), deadline = now + *left_ms;
  int error = setitimer(ITIMER_REAL, &tick, NULL) == 0 ? EINTR : errno;
  while (error == EINTR && now < deadline) {
    error = flock(fd, LOCK_EX) == 0 ? 0 : errno;
    now = monotonic_ms();
  }
  *left_ms = now < deadline ? (unsigned)(deadline - now) : 0;
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  sigaction(SIGALRM, &before, NULL); /* a program that is started afterwards gets it */
  errno = error == EINTR ? EWOULDBLOCK : error;
  return error == 0;
}

void lock_add_fault(struct faults *faults) {
  if (errno == EWOULDBLOCK) add_fault(faults, FAULT_LOCK_BUSY, 0);
  else add_fault(faults, FAULT_LOCK_FAILED, errno);
}

/* Puts a fresh file in the place of one that others may open: they could hold its lock for ever. */
static int replace(const char *path) {
  char beside[FILE_PATH_BYTES];
  file_name_beside(path, beside, sizeof beside);
  int fd = open(beside, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return -1;
  if (rename(beside, path) == 0) return fd;
  unlink(beside);
  close(fd);
  return -1;
}

/* A descriptor of the lock file, which is empty and ours alone. */
static int open_lock(const char *path, struct stat *stat, struct faults *faults) {
  struct file file = file_open(path, FILE_LOCK);
  if (file.fd < 0) {
    if (file.unfit == FIT) add_fault(faults, FAULT_LOCK_OPEN, file.error);
    else add_fault(faults, FAULT_LOCK_UNFIT, file.unfit);
    return -1;
  }
  *stat = file.stat;
  if (stat->st_size == 0 && (stat->st_mode & 077) == 0) return file.fd;
  int fresh = stat->st_size == 0 ? replace(path) : -1;
  close(file.fd);
  if (fresh >= 0 && fstat(fresh, stat) == 0) return fresh;
  if (fresh >= 0) close(fresh);
  add_fault(faults, FAULT_LOCK_UNFIT, stat->st_size == 0 ? UNFIT_MODE : UNFIT_CONTENT);
  return -1;
}

int lock_take(const char *path, unsigned *left_ms, bool *held, struct faults *faults) {
  struct stat stat;
  *held = false;
  for (int tries = 0; tries < TRIES_MOST; tries++) {
    int fd = open_lock(path, &stat, faults);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
      *held = true;
      return fd;
    }
    *held = lock_within(fd, left_ms);
    if (!*held) {
      lock_add_fault(faults);
      return fd;
    }
    if (file_is_at(path, &stat)) return fd;
    close(fd); /* it was replaced while this one waited */
  }
  add_fault(faults, FAULT_LOCK_OPEN, ESTALE);
  return -1;
}
