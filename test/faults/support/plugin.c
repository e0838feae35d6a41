// plugin   A CNI plugin for cni_wrap to stand in for. It is linked statically: nothing but itself is needed where it runs.
//   PLUGIN_STARTS   each start makes a file PLUGIN_STARTS.CNI_CONTAINERID.PROCESS, without a descriptor
//   PLUGIN_DOES     steps in their order, by default "read answer":
//     speak         writes 150,000 bytes to standard error, more than a pipe holds
//     fill          the same to standard output
//     read          reads standard input to its end
//     answer        writes what it has read and what CNI_PATH is to standard output, and a line to standard error
//     linger        waits 20 ms; if its parent is another one then, makes a file PLUGIN_STARTS.outlived.PROCESS
//     abort, crash, tick   sends its parent SIGABRT, SIGSEGV, SIGVTALRM
//     spin          uses up its CPU time
//   PLUGIN_EXIT     its exit code, by default 0
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 1500, LINE_BYTES = 100 };

static uint64_t bytes = 0, sum = 0;

static void make_file(const char *what) {
  const char *starts = getenv("PLUGIN_STARTS");
  char path[512];
  if (!starts) return;
  snprintf(path, sizeof path, "%s.%s.%d", starts, what, (int)getpid());
  mknod(path, S_IFREG | 0600, 0);
}

static void write_all(int fd, const char *text, size_t length) {
  for (ssize_t written; length > 0; text += written, length -= (size_t)written)
    if ((written = write(fd, text, length)) < 0) _exit(3);
}

static void write_much(int fd) {
  char line[LINE_BYTES + 1];
  for (int i = 0; i < LINES; i++) {
    snprintf(line, sizeof line, "%-99d\n", i);
    write_all(fd, line, LINE_BYTES);
  }
}

static void read_all(void) {
  static unsigned char part[65536];
  for (ssize_t got; (got = read(0, part, sizeof part)) > 0;)
    for (ssize_t i = 0; i < got; i++, bytes++) sum = sum * 31 + part[i];
}

static void answer(void) {
  const char *path = getenv("CNI_PATH");
  char text[4096];
  int length = snprintf(text, sizeof text, "{\"bytes\":%llu,\"sum\":%llu,\"path\":\"%.3000s\"}", (unsigned long long)bytes,
                        (unsigned long long)sum, path ? path : "");
  write_all(1, text, (size_t)length);
  if (write(2, "the plugin's own\n", 17) < 0) _exit(4);
}

static void linger(void) {
  const pid_t parent = getppid();
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  if (getppid() != parent) make_file("outlived");
}

int main(void) {
  static char steps[256];
  const char *does = getenv("PLUGIN_DOES"), *code = getenv("PLUGIN_EXIT"), *id = getenv("CNI_CONTAINERID");
  make_file(id ? id : "");
  snprintf(steps, sizeof steps, "%s", does ? does : "read answer");
  for (char *step = strtok(steps, " "); step; step = strtok(NULL, " ")) {
    if (!strcmp(step, "speak")) write_much(2);
    else if (!strcmp(step, "fill")) write_much(1);
    else if (!strcmp(step, "read")) read_all();
    else if (!strcmp(step, "answer")) answer();
    else if (!strcmp(step, "linger")) linger();
    else if (!strcmp(step, "abort")) kill(getppid(), SIGABRT);
    else if (!strcmp(step, "crash")) kill(getppid(), SIGSEGV);
    else if (!strcmp(step, "tick")) kill(getppid(), SIGVTALRM);
    else if (!strcmp(step, "spin")) for (volatile int i = 0;; i++) continue;
    else return 120;
  }
  return code ? atoi(code) : 0;
}
