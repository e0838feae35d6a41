// For LD_PRELOAD: the calls of HANG_CALL that concern the file HANG_FILE do not come back while the file HANG_WHILE is
// there: "write" and "open" before they have done anything, "opened" is an open(2) that has, and
// "looked" a pread(2). The first that waits makes the file HANG_SEEN.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(void) {
  const char *gate = getenv("HANG_WHILE"), *seen = getenv("HANG_SEEN");
  int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  if (!gate || !seen || access(gate, F_OK) != 0) return;
  close(real_open(seen, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  while (access(gate, F_OK) == 0) usleep(2000);
}

static int concerns(const char *call, const char *path) {
  const char *wanted = getenv("HANG_CALL"), *file = getenv("HANG_FILE");
  return wanted && file && strcmp(call, wanted) == 0 && strcmp(path, file) == 0;
}

static int concerns_descriptor(const char *call, int fd) {
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  return concerns(call, path);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (concerns_descriptor("write", fd)) hang();
  return real(fd, bytes, count);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  ssize_t (*real)(int, void *, size_t, off64_t) =
      (ssize_t (*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
  ssize_t result = real(fd, bytes, count, at);
  if (concerns_descriptor("looked", fd)) hang();
  return result;
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  if (concerns("open", path)) hang();
  int fd = real(path, flags, mode);
  if (concerns("opened", path)) hang();
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened("open64", path, flags, mode);
}
