/* Starts programs as a container runtime does and measures whole processes. It is small, so it forks fast.
     runner turns RUNS STDIN PROGRAM...   alternates the programs; a line per run: program, wall ns, CPU ns
     runner piped RUNS STDIN PROGRAM...   the same, their standard output read from a pipe, as libcni does
     runner memory STDIN PROGRAM...       a line per program: KB resident at its exit, exact (ru_maxrss would be
                                          the parent's, and the kernel's own counters lag behind)
     runner storm RUNS AT_ONCE STDIN PROGRAM   a line: wall ns of all runs
   The programs inherit the environment. Their standard output goes to /dev/null otherwise. */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int pipe_end[2]; /* the programs' output is read from here */

static pid_t start(const char *input, char *program, bool piped) {
  posix_spawn_file_actions_t files;
  char *argv[] = {program, NULL};
  pid_t pid;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
  if (piped) posix_spawn_file_actions_adddup2(&files, pipe_end[1], 1);
  else posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  if (posix_spawn(&pid, program, &files, NULL, argv, environ) != 0) perror(program), exit(1);
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

static void read_all(void) {
  static char part[64 * 1024];
  close(pipe_end[1]);
  while (read(pipe_end[0], part, sizeof part) > 0) continue;
  close(pipe_end[0]);
}

static void expect_success(const char *program, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  fprintf(stderr, "Cannot measure %s: it ended with status %d\n", program, status);
  exit(1);
}

static void take_turns(int runs, const char *input, char **programs, bool piped) {
  for (int run = 0; run < runs; run++)
    for (int i = 0; programs[i]; i++) {
      struct rusage usage;
      int status;
      long long begun = now();
      if (piped && pipe2(pipe_end, O_CLOEXEC) != 0) perror("pipe"), exit(1);
      pid_t pid = start(input, programs[i], piped);
      if (piped) read_all();
      wait4(pid, &status, 0, &usage);
      long long wall = now() - begun;
      expect_success(programs[i], status);
      long long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ll +
                      (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ll;
      printf("%d %lld %lld\n", i, wall, cpu);
    }
}

static long resident_kb(pid_t pid) {
  char path[64], line[256];
  long kb = -1;
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Rss: %ld kB", &kb);
  if (file) fclose(file);
  return kb;
}

/* Stops the process at its exit, while it still has its memory. */
static void measure_memory(const char *input, char *program) {
  pid_t pid = fork();
  int status;
  if (pid == 0) {
    dup2(open(input, O_RDONLY), 0);
    dup2(open("/dev/null", O_WRONLY), 1);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execl(program, program, (char *)NULL);
    _exit(127);
  }
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT);
  for (ptrace(PTRACE_CONT, pid, 0, 0); waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);) {
    int signal = WSTOPSIG(status);
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) printf("%ld\n", resident_kb(pid)), signal = 0;
    ptrace(PTRACE_CONT, pid, 0, signal == SIGTRAP ? 0 : signal);
  }
  expect_success(program, status);
}

static void storm(int runs, int at_once, const char *input, char *program) {
  long long begun = now();
  int started = 0, ended = 0, status;
  while (ended < runs) {
    while (started < runs && started - ended < at_once) start(input, program, false), started++;
    wait(&status);
    expect_success(program, status);
    ended++;
  }
  printf("%lld\n", now() - begun);
}

int main(int argc, char **argv) {
  if (argc >= 5 && strcmp(argv[1], "turns") == 0) take_turns(atoi(argv[2]), argv[3], argv + 4, false);
  else if (argc >= 5 && strcmp(argv[1], "piped") == 0) take_turns(atoi(argv[2]), argv[3], argv + 4, true);
  else if (argc >= 4 && strcmp(argv[1], "memory") == 0)
    for (int i = 3; i < argc; i++) measure_memory(argv[2], argv[i]);
  else if (argc == 6 && strcmp(argv[1], "storm") == 0) storm(atoi(argv[2]), atoi(argv[3]), argv[4], argv[5]);
  else return fprintf(stderr, "runner: see the head of its source\n"), 2;
  return 0;
}
