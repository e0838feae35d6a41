// terminal [-e] PROGRAM [ARGUMENT...]: runs the program with a new pseudo terminal as its stdin, on which nobody ever
// types, and ends as it ends. stdout and stderr stay what they are.
// With -e the terminal is its stderr, too: what is shown there comes out of stdout, and what comes in at stdin is
// typed. A SIGTERM is handed on, and the program does not outlive this one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void hand_on(int signal) { kill(child, signal); }

// Until nobody has the terminal open any more.
static void relay(int master) {
  char bytes[4096];
  struct pollfd ends[2] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    if (poll(ends, 2, -1) < 0) continue;
    if (ends[0].revents) {
      ssize_t count = read(master, bytes, sizeof bytes);
      if (count <= 0 || write(1, bytes, (size_t)count) != count) return;
    }
    if (ends[1].revents) {
      ssize_t count = read(0, bytes, sizeof bytes);
      if (count <= 0) ends[1].fd = -1;
      else if (write(master, bytes, (size_t)count) != count) return;
    }
  }
}

int main(int argc, char **argv) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int as_stderr = argc > 1 && strcmp(argv[1], "-e") == 0;
  if (argc < 2 + as_stderr || master < 0 || grantpt(master) || unlockpt(master)) return 125;
  argv += 1 + as_stderr;
  child = fork();
  if (child < 0) return 125;
  if (child == 0) {
    if (as_stderr) prctl(PR_SET_PDEATHSIG, SIGKILL);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || dup2(slave, 0) < 0 || (as_stderr && dup2(slave, 2) < 0)) _exit(125);
    close(slave);
    execv(argv[0], argv);
    _exit(127);
  }
  if (as_stderr) {
    signal(SIGTERM, hand_on);
    relay(master);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
