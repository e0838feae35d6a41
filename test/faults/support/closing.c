// For LD_PRELOAD: close(2) of the file FAIL_FILE says EIO, as a network's file system may, while the file FAIL_WHILE is
// there. The file is closed all the same. libuv closes by syscall(2).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool fails(int fd) {
  const char *gate = getenv("FAIL_WHILE"), *file = getenv("FAIL_FILE");
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  return gate && file && strcmp(path, file) == 0 && access(gate, F_OK) == 0;
}

long syscall(long number, ...) {
  long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  bool failing = number == SYS_close && fails((int)a[0]);
  long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (!failing) return result;
  errno = EIO;
  return -1;
}
