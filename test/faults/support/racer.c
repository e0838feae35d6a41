// racer LOG: an unprivileged user (65534) who wants the log's name in a folder open to all, with every call there is,
// until standard input ends. Says what came of it: tries made, times the name was taken, free or not root's.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, PATH_BYTES = 4200, RENAME_EXCHANGE_FLAG = 2, LOOK_UP_EACH = 64 };

int main(int argc, char **argv) {
  if (argc != 2 || setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)) return 125;
  const char *log = argv[1];
  char old[PATH_BYTES], mine[PATH_BYTES];
  snprintf(old, sizeof old, "%s.1", log);
  snprintf(mine, sizeof mine, "%s.mine", log);
  int fd = open(mine, O_RDWR | O_CREAT, 0666);
  if (fd < 0) return 125;
  close(fd);
  puts("racing");
  fflush(stdout);

  unsigned long tries = 0, taken = 0, vacant = 0, foreign = 0;
  struct pollfd end = {.fd = 0, .events = POLLIN};
  for (;; tries++) {
    if (tries % LOOK_UP_EACH == 0 && poll(&end, 1, 0) > 0) break;
    for (int which = 0; which < 2; which++) {
      const char *name = which ? old : log;
      fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0666);
      if (fd >= 0) taken++, close(fd);
      if (link(mine, name) == 0) taken++;
      if (symlink(mine, name) == 0) taken++;
      if (mkdir(name, 0777) == 0) taken++;
      if (rename(mine, name) == 0) taken++;
      if (syscall(SYS_renameat2, AT_FDCWD, mine, AT_FDCWD, name, RENAME_EXCHANGE_FLAG) == 0) taken++;
      if (unlink(name) == 0) taken++;
      if (chmod(name, 0666) == 0) taken++;
      if (open(name, O_RDWR | O_NOFOLLOW) >= 0) taken++;
    }
    struct stat stat;
    if (lstat(log, &stat) != 0) vacant += errno == ENOENT;
    else foreign += stat.st_uid != 0 || !S_ISREG(stat.st_mode);
  }
  printf("{\"tries\":%lu,\"taken\":%lu,\"vacant\":%lu,\"foreign\":%lu}\n", tries, taken, vacant, foreign);
  return 0;
}
