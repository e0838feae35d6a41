// For LD_PRELOAD: close(2) of the file FAIL_FILE says EIO, as a network's file system may, while the file FAIL_WHILE is
// there. The file is closed all the same.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int close(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
  const char *gate = getenv("FAIL_WHILE"), *file = getenv("FAIL_FILE");
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  int result = real(fd);
  if (!gate || !file || strcmp(path, file) != 0 || access(gate, F_OK) != 0) return result;
  errno = EIO;
  return -1;
}
