#include "rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static bool exchange(const char *one, const char *other) {
  return syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0;
}

/* The log's name is never free, for in /tmp a free name is anybody's:

     fresh: empty   .1: older   log: full      exchange fresh and .1, or, where there is no .1, rename fresh to it
     fresh: older   .1: empty   log: full      exchange .1 and log
     fresh: older   .1: full    log: empty     remove fresh

   The first exchange shows that there is such a thing here, and moves aside whatever has been planted at .1. */
int rotate(const char *path, struct faults *faults) {
  char old[FILE_PATH_BYTES], fresh[FILE_PATH_BYTES];
  snprintf(old, sizeof old, "%s.1", path);
  file_name_beside(path, fresh, sizeof fresh);
  int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0600);
  if (fd < 0) {
    add_fault(faults, FAULT_ROTATE_CREATE, errno);
    return -1;
  }
  bool had_old = exchange(fresh, old);
  if (!had_old && (errno != ENOENT || rename(fresh, old) != 0)) {
    add_fault(faults, errno == EINVAL || errno == ENOSYS ? FAULT_ROTATE_SWAP : FAULT_ROTATE_RENAME, errno);
    unlink(fresh);
    close(fd);
    return -1;
  }
  if (exchange(old, path)) {
    if (had_old && unlink(fresh) != 0) rmdir(fresh); /* a planted directory that is not empty stays, out of the way */
    return fd;
  }
  add_fault(faults, FAULT_ROTATE_SWAP, errno);
  if (!had_old) unlink(old);
  else if (exchange(fresh, old)) unlink(fresh);
  close(fd);
  return -1;
}
