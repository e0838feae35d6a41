#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of linux/stat.h, which does not go with musl's sys/stat.h. */
struct statx_time {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t spare;
};
struct statx_file {
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, spare;
  uint64_t ino, size, blocks, attributes_mask;
  struct statx_time times[4];
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id, more[13];
};
enum { STATX_DONT_SYNC = 0x4000, STATX_BASIC = 0x7ff, STATX_MNT_ID_BIT = 0x1000, STATX_MOUNT_ROOT = 0x2000 };

/* How often a file may come or go between a look at its name and its opening. */
enum { TRIES_MOST = 16 };

static enum unfit judge(mode_t mode, uid_t uid, uint64_t links) {
  if (!S_ISREG(mode)) return UNFIT_TYPE;
  if (uid != (uid_t)getauxval(AT_EUID)) return UNFIT_OWNER;
  return links == 1 ? FIT : UNFIT_LINKS;
}

/* Whether a mount is of a file system in user space, by /proc/self/mountinfo: "36 35 98:0 / /mnt rw shared:1 - fuse …".
   Where that cannot be read, no. */
static bool is_fuse_mount(uint64_t mnt_id) {
  char id[32], text[4096];
  int fd = open("/proc/self/mountinfo", O_RDONLY);
  if (fd < 0) return false;
  size_t id_length = (size_t)snprintf(id, sizeof id, "%llu ", (unsigned long long)mnt_id), kept = 0;
  bool found = false;
  for (ssize_t got; !found && (got = read(fd, text + kept, sizeof text - kept)) > 0;) {
    size_t length = kept + (size_t)got, from = 0;
    for (char *end; (end = memchr(text + from, '\n', length - from)); from = (size_t)(end - text) + 1) {
      const char *line = text + from;
      *end = '\0';
      const char *type = strncmp(line, id, id_length) == 0 ? strstr(line, " - ") : NULL;
      if (type) found = strncmp(type + 3, "fuse", 4) == 0;
    }
    kept = length - from;
    if (kept == sizeof text) kept = 0; /* a line longer than this has a path of that length before its type */
    memmove(text, text + length - kept, kept);
  }
  close(fd);
  return found;
}

enum seen { SEEN_NOTHING, SEEN_FILE, SEEN_UNFIT, SEEN_FAULT, SEEN_UNKNOWN };

/* What a name leads to, without opening it: open(2) of a file over which its owner has mounted a file system (FUSE) would
   wait for that one's answer, for ever. */
static enum seen look(const char *path, enum file_kind kind, struct file *file) {
  struct statx_file there;
  const int flags = AT_SYMLINK_NOFOLLOW | STATX_DONT_SYNC;
  if (syscall(SYS_statx, AT_FDCWD, path, flags, STATX_BASIC | STATX_MNT_ID_BIT, &there) != 0) {
    if (errno == ENOENT) return SEEN_NOTHING;
    if (errno == ENOSYS || errno == EPERM) return SEEN_UNKNOWN; /* Linux before 4.11, or a filter */
    file->error = errno;
    return SEEN_FAULT;
  }
  if (S_ISLNK(there.mode) || S_ISDIR(there.mode)) {
    file->error = S_ISDIR(there.mode) ? EISDIR : ELOOP; /* as open(2) has it */
    return SEEN_FAULT;
  }
  bool is_mount = there.attributes & there.attributes_mask & STATX_MOUNT_ROOT; /* since Linux 5.8 */
  file->unfit = is_mount && (kind == FILE_LOCK || is_fuse_mount(there.mnt_id)) ? UNFIT_MOUNT
                                                                               : judge(there.mode, there.uid, there.nlink);
  return file->unfit == FIT ? SEEN_FILE : SEEN_UNFIT;
}

/* Opens the name as it was seen: one that came or went since is looked at again. */
static bool open_seen(const char *path, enum file_kind kind, enum seen seen, struct file *file) {
  static const int flags[] = {[SEEN_NOTHING] = O_CREAT | O_EXCL, [SEEN_FILE] = 0, [SEEN_UNKNOWN] = O_CREAT};
  const int how = kind == FILE_LOG ? O_RDWR | O_APPEND : O_RDONLY;
  file->fd = open(path, how | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags[seen], 0600);
  file->error = file->fd < 0 ? errno : 0;
  return !(seen == SEEN_NOTHING && file->error == EEXIST) && !(seen == SEEN_FILE && file->error == ENOENT);
}

struct file file_open(const char *path, enum file_kind kind) {
  struct file file = {.fd = -1};
  for (int tries = 0; tries < TRIES_MOST; tries++) {
    enum seen seen = look(path, kind, &file);
    if (seen == SEEN_FAULT || seen == SEEN_UNFIT) return file;
    if (open_seen(path, kind, seen, &file)) break;
  }
  if (file.fd < 0) return file;
  if (fstat(file.fd, &file.stat) != 0) file.error = errno;
  else if (file.stat.st_nlink == 0) return file; /* its name went since: the caller's business */
  else if ((file.unfit = judge(file.stat.st_mode, file.stat.st_uid, file.stat.st_nlink)) == FIT) return file;
  close(file.fd);
  file.fd = -1;
  return file;
}

bool file_is_at(const char *path, const struct stat *file) {
  struct stat stat;
  return lstat(path, &stat) == 0 && stat.st_ino == file->st_ino && stat.st_dev == file->st_dev;
}

void file_name_beside(const char *path, char *beside, size_t size) {
  uint64_t random;
  if (syscall(SYS_getrandom, &random, sizeof random, 1 /* GRND_NONBLOCK */) != sizeof random) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    random = (uint64_t)now.tv_nsec << 32 | (uint64_t)getpid();
  }
  snprintf(beside, size, "%s.%016llx", path, (unsigned long long)random);
}
