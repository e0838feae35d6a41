#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

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

static volatile bool clock_stopped = false; /* a last tick may come late, and setitimer(2) may fail */

static volatile bool held = false, waiting = false;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  if (signal == SIGVTALRM && clock_stopped) return;
  if (signal == SIGVTALRM && io_output_begun && !io_output_ended) return; /* let the reply finish */
  if (held && info->si_code == SI_USER) { /* sent by another process: no step of this one has failed */
    waiting = true;
    return;
  }
  last_resort();
}

void guard_hold(void) { held = true; }

void guard_release(void) {
  held = false;
  if (!waiting) return;
  waiting = false;
  last_resort();
}

enum { KERNEL_SIGNALS = 64 };

sigset_t guard_found_mask;
static uint64_t found_ignored, ignored; /* a bit for each signal: as the process found it, and by this program */

static uint64_t bit(int signal) { return (uint64_t)1 << (signal - 1); }

static void note(int signal, const struct sigaction *found) {
  if (found->sa_handler == SIG_IGN) found_ignored |= bit(signal);
}

void guard_handle(int signal, void (*handler)(int)) {
  struct sigaction found;
  if (sigaction(signal, &(struct sigaction){.sa_handler = handler}, &found) != 0) return;
  note(signal, &found);
  if (handler == SIG_IGN) ignored |= bit(signal);
  else if (handler != SIG_DFL && found.sa_handler == SIG_IGN) sigaction(signal, &found, NULL);
}

/* With the kernel's own call: the C library's has state of its own, which a child may share. */
void guard_restore(void) {
  static const unsigned long actions[2][4] = {{(unsigned long)SIG_DFL}, {(unsigned long)SIG_IGN}};
  for (int signal = 1; (found_ignored | ignored) >> (signal - 1) && signal <= KERNEL_SIGNALS; signal++)
    if ((found_ignored | ignored) & bit(signal))
      syscall(SYS_rt_sigaction, signal, actions[(found_ignored & bit(signal)) != 0], NULL, KERNEL_SIGNALS / 8);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &guard_found_mask, NULL, KERNEL_SIGNALS / 8);
}

void guard_arm(void) {
  static uint8_t stack[64 * 1024];
  static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGVTALRM};
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  struct sigaction found;
  sigset_t open;
#ifdef __x86_64__
  if (sigaction(SIGSYS, &(struct sigaction){.sa_sigaction = on_trap, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO}, &found) == 0)
    note(SIGSYS, &found);
#endif
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  sigemptyset(&open);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    if (sigaction(faults[i], &action, &found) == 0) note(faults[i], &found);
    sigaddset(&open, faults[i]);
  }
  sigaddset(&open, SIGALRM);
  sigaddset(&open, SIGSYS);
  sigprocmask(SIG_UNBLOCK, &open, &guard_found_mask); /* a runtime may have left them blocked */
  guard_handle(SIGPIPE, SIG_IGN);
  guard_handle(SIGXFSZ, SIG_IGN);
  guard_start_clock();
}

void guard_start_clock(void) {
  const struct timeval limit = {GUARD_CPU_MS / 1000, GUARD_CPU_MS % 1000 * 1000};
  clock_stopped = false;
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value = limit, .it_interval = limit}, NULL);
}

void guard_stop_clock(void) {
  clock_stopped = true;
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, NULL);
}
