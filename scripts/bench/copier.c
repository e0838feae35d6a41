/* The lower bound of a wrapper: reads its standard input, starts the plugin, and copies its pipes. It logs nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void copy(int *from, int to) {
  static char part[64 * 1024];
  ssize_t got = read(*from, part, sizeof part);
  if (got <= 0) close(*from), *from = -1;
  for (ssize_t put, at = 0; at < got; at += put)
    if ((put = write(to, part + at, (size_t)(got - at))) <= 0) _exit(1);
}

int main(void) {
  size_t length = 0, capacity = 64 * 1024, fed = 0;
  char *input = malloc(capacity), *plugin = getenv("BENCH_PLUGIN");
  for (ssize_t got; (got = read(0, input + length, capacity - length)) > 0;)
    if ((length += (size_t)got) == capacity) input = realloc(input, capacity *= 2);
  int in[2], out[2], err[2], status;
  if (!plugin || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) return 1;
  pid_t child = vfork();
  if (child == 0) {
    dup2(in[0], 0), dup2(out[1], 1), dup2(err[1], 2);
    execve(plugin, (char *[]){plugin, NULL}, environ);
    _exit(127);
  }
  close(in[0]), close(out[1]), close(err[1]);
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  while (out[0] >= 0 || err[0] >= 0) {
    if (in[1] >= 0) {
      ssize_t put = write(in[1], input + fed, length - fed);
      if (put > 0) fed += (size_t)put;
      if (fed == length) close(in[1]), in[1] = -1;
    }
    struct pollfd polled[] = {{in[1], POLLOUT, 0}, {out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    poll(polled, 3, -1);
    if (polled[1].revents) copy(&out[0], 1);
    if (polled[2].revents) copy(&err[0], 2);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
