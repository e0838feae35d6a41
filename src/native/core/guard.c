#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <ucontext.h>

#include "io.h"

#ifndef GUARD_CPU_MS
#define GUARD_CPU_MS 1000 /* tests may set a shorter limit */
#endif

#ifdef __x86_64__
/* A filter traps a system call instead of failing it (SECCOMP_RET_TRAP): it fails with ENOSYS then, and what is made of
   that is up to the caller. */
static void on_trap(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
}
#endif

static void on_fault(int signal) {
  if (signal == SIGVTALRM && io_output_begun && !io_output_ended) return; /* let the reply finish */
  last_resort();
}

void guard_arm(void) {
  static uint8_t stack[64 * 1024];
  static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGVTALRM};
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigset_t open;
#ifdef __x86_64__
  sigaction(SIGSYS, &(struct sigaction){.sa_sigaction = on_trap, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO}, NULL);
#endif
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  sigemptyset(&open);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    sigaction(faults[i], &action, NULL);
    sigaddset(&open, faults[i]);
  }
  sigaddset(&open, SIGALRM);
  sigaddset(&open, SIGSYS);
  sigprocmask(SIG_UNBLOCK, &open, NULL); /* a runtime may have left them blocked */
  const struct timeval limit = {GUARD_CPU_MS / 1000, GUARD_CPU_MS % 1000 * 1000};
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value = limit, .it_interval = limit}, NULL);
}

void guard_stop_clock(void) { setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, NULL); }
