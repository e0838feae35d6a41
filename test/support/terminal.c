// terminal PROGRAM [ARGUMENT...]: runs the program with a new pseudo terminal as its stdin, on which nobody ever
// types, and ends as it ends. stdout and stderr stay what they are.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (argc < 2 || master < 0 || grantpt(master) || unlockpt(master)) return 125;
  pid_t child = fork();
  if (child < 0) return 125;
  if (child == 0) {
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || dup2(slave, 0) < 0) _exit(125);
    close(slave);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, 0) < 0) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
