// tracer REPORT kill N PROGRAM [ARGUMENT...]         kills the program before its N-th system call
// tracer REPORT fail N ERRNO PROGRAM [ARGUMENT...]   has its N-th system call fail; close(2) closes all the same, as Linux
//                                                    has it
// tracer REPORT deny NUMBER ERRNO PROGRAM ...        has every call of this system call fail
// tracer REPORT clock SECONDS PROGRAM ...            makes it that time (CLOCK_REALTIME, seconds since 1970)
// tracer REPORT before NUMBER N PROGRAM ...          holds it before its N-th call of this system call, until somebody
//                                                    opens the FIFO REPORT.go for writing
// tracer REPORT after NUMBER N PROGRAM ...           likewise behind that call
// REPORT gets "NUMBER FIRST-ARGUMENT PROCESS" of the call that was hit; it stays empty where none was. Ends as the
// program ends, and with 137 where it was killed. x86-64 only, as the taps are.
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AT_IGNORE_ENTRY = 1, AT_VDSO = 33 };

static long peek(pid_t pid, uint64_t at) { return ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL); }

static void poke(pid_t pid, uint64_t at, long value) { ptrace(PTRACE_POKEDATA, pid, (void *)at, (void *)value); }

// Without the vDSO the clock is read by a system call. The stack of a new program: argc, argv, NULL, environment,
// NULL, pairs of the auxiliary vector.
static void hide_vdso(pid_t pid) {
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, pid, NULL, &regs);
  uint64_t at = regs.rsp + 8 * (2 + (uint64_t)peek(pid, regs.rsp));
  while (peek(pid, at) != 0) at += 8;
  for (at += 8; peek(pid, at) != 0; at += 16)
    if (peek(pid, at) == AT_VDSO) poke(pid, at, AT_IGNORE_ENTRY);
}

static void report(const char *path, const struct user_regs_struct *regs, pid_t pid) {
  FILE *file = fopen(path, "w");
  if (!file) exit(125);
  fprintf(file, "%lld %lld %d\n", (long long)regs->orig_rax, (long long)regs->rdi, (int)pid);
  fclose(file);
}

// Comes back when somebody has opened the FIFO for writing.
static void wait_for_go(const char *path) {
  char go[4096];
  snprintf(go, sizeof go, "%s.go", path);
  int fd = open(go, O_RDONLY);
  if (fd < 0) exit(125);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 5) return 125;
  const char *mode = argv[2];
  bool kills = !strcmp(mode, "kill"), fails = !strcmp(mode, "fail"), denies = !strcmp(mode, "deny"),
       turns_clock = !strcmp(mode, "clock"), before = !strcmp(mode, "before"), after = !strcmp(mode, "after");
  bool two_numbers = fails || denies || before || after;
  long long wanted = atoll(argv[3]), error = two_numbers ? atoll(argv[4]) : 0, nth = error;
  char **program = argv + (two_numbers ? 5 : 4);
  pid_t pid = fork();
  if (pid < 0) return 125;
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execv(program[0], program);
    _exit(127);
  }
  // Nobody but the program holds what it was given: whoever waits for the end of its output waits for it alone.
  close(0), close(1), close(2);
  int status;
  if (waitpid(pid, &status, 0) != pid) return 125;
  ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
  bool started = false, inside = false, hit = false;
  int signal = 0;
  for (long long calls = 0;;) {
    ptrace(started ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (void *)(intptr_t)signal);
    signal = 0;
    if (waitpid(pid, &status, 0) != pid) return 125;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
      started = inside = true; // inside execve
      if (turns_clock) hide_vdso(pid);
      continue;
    }
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      signal = WSTOPSIG(status);
      continue;
    }
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    inside = !inside;
    if (inside) {
      if (before || after) hit = (long long)regs.orig_rax == wanted && ++calls == nth;
      else if (denies) hit = (long long)regs.orig_rax == wanted;
      else hit = ++calls == wanted;
      if (hit && !turns_clock && !after) report(argv[1], &regs, pid);
      if (hit && before) wait_for_go(argv[1]);
      if (hit && kills) kill(pid, SIGKILL);
      if (hit && (fails || denies) && regs.orig_rax != SYS_close) {
        regs.orig_rax = (unsigned long long)-1; // no such call
        ptrace(PTRACE_SETREGS, pid, NULL, &regs);
      }
    } else if (hit && (fails || denies)) {
      regs.rax = (unsigned long long)-error;
      ptrace(PTRACE_SETREGS, pid, NULL, &regs);
    } else if (turns_clock && regs.orig_rax == SYS_clock_gettime && regs.rdi == CLOCK_REALTIME) {
      poke(pid, regs.rsi, (long)wanted);
      poke(pid, regs.rsi + 8, 123456789);
      report(argv[1], &regs, pid);
    } else if (hit && after) {
      report(argv[1], &regs, pid);
      wait_for_go(argv[1]);
    }
  }
}
