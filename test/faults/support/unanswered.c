// unanswered PATH PROGRAM [ARGUMENT...]   runs the program while a file system that never answers (FUSE) is mounted over
//                                         the file PATH: open(2) of it waits. Needs a mount namespace of its own.
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char options[128];
  int device = open("/dev/fuse", O_RDWR | O_CLOEXEC), status;
  if (argc < 3 || device < 0) return 125;
  snprintf(options, sizeof options, "fd=%d,rootmode=100600,user_id=%d,group_id=%d", device, (int)getuid(), (int)getgid());
  if (mount("unanswered", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
    perror("unanswered: mount");
    return 125;
  }
  pid_t pid = fork();
  if (pid == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  close(0), close(1), close(2);
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
