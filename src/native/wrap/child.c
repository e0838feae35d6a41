#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "find.h"
#include "guard.h"
#include "io.h"

enum { BUSY_TRIES = 6 /* libcni's */, WAIT_TRIES = 16, DESCRIPTORS_MOST = 65536 };

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

extern char **environ;

enum child_state child_state = CHILD_NONE;
int child_exit_code = 0, child_signal = 0;
static volatile pid_t child = 0;

static const int handed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { HANDED_ON = sizeof handed_on / sizeof *handed_on };

/* Before the plugin is there a signal is for this process; after its end it comes too late. */
static void hand_on(int number) {
  if (child > 0) {
    kill(child, number);
  } else if (child_state == CHILD_NONE) {
    signal(number, SIG_DFL);
    raise(number); /* when this function returns */
  }
}

static void close_others(void) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
  struct rlimit limit = {0}; /* Linux before 5.9 */
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = 3; fd < DESCRIPTORS_MOST && (rlim_t)fd < limit.rlim_cur; fd++) close(fd);
}

/* The state of the process that the plugin is to find. */
static void set_scene(void) {
  for (int fd = 0; fd < 3; fd++)
    if (io_was_closed[fd]) close(fd);
  close_others();
  guard_restore();
}

/* In the child, which shares the memory of its parent until it has another program. */
_Noreturn static void become(const char *path, int in, int out, int err, pid_t parent, volatile int *error) {
  char *const argv[] = {(char *)path, NULL};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1); /* it died before the signal was asked for */
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  set_scene();
  execve(path, argv, environ);
  *error = errno;
  _exit(1);
}

static int try_to_start(const char *path, int in, int out, int err) {
  volatile int error = 0;
  const pid_t parent = (pid_t)syscall(SYS_getpid);
  pid_t started = vfork();
  if (started == 0) become(path, in, out, err, parent, &error);
  if (started < 0) return CHILD_NO_PROCESS;
  if (error == 0) {
    child_state = CHILD_RUNS;
    child = started;
    return 0;
  }
  while (waitpid(started, NULL, 0) < 0 && errno == EINTR) continue;
  return error;
}

int child_start(const char *path, int in, int out, int err) {
  sigset_t all, open = guard_found_mask, before;
  int error = ETXTBSY;
  guard_handle(SIGCHLD, SIG_DFL); /* ignored, it would take the plugin's end away */
  for (int i = 0; i < HANDED_ON; i++) guard_handle(handed_on[i], hand_on);
  find_set_path();
  sigfillset(&all);
  for (int tries = 0; error == ETXTBSY && tries < BUSY_TRIES; tries++) {
    if (tries > 0) nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    sigprocmask(SIG_SETMASK, &all, &before);
    error = try_to_start(path, in, out, err);
    sigprocmask(SIG_SETMASK, &before, NULL);
  }
  /* Blocked ones would wait here for ever; the plugin, which has them blocked, is the one to decide. */
  sigemptyset(&open);
  for (int i = 0; i < HANDED_ON; i++) sigaddset(&open, handed_on[i]);
  if (error == 0) sigprocmask(SIG_UNBLOCK, &open, NULL);
  return error;
}

void child_wait(void) {
  siginfo_t end = {0};
  int tries = 0;
  while (waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT) != 0 && (errno == EINTR || ++tries < WAIT_TRIES)) continue;
  const pid_t ended = child;
  int status = 0;
  child_state = CHILD_ENDED;
  child = 0; /* from here on, its number may be another process's */
  for (tries = 0; waitpid(ended, &status, 0) < 0 && (errno == EINTR || ++tries < WAIT_TRIES);) continue;
  child_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  child_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A file of memory as standard input. False where that cannot be had. */
static bool from_memory(struct iovec *piece, int pieces) {
  close(0);
  int fd = (int)syscall(SYS_memfd_create, "stdin", 0u);
  for (; fd == 0 && pieces > 0;) {
    ssize_t written = writev(fd, piece, pieces < IO_PIECES_MOST ? pieces : IO_PIECES_MOST);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    io_advance(&piece, &pieces, (size_t)written);
  }
  return fd == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

/* A pipe that ends, as standard input. False where that cannot be had, or does not hold all of it. */
static bool from_pipe(struct iovec *piece, int pieces) {
  int ends[2];
  size_t left = 0;
  for (int i = 0; i < pieces; i++) left += piece[i].iov_len;
  if (left > IO_FIRST_BYTES || pipe2(ends, O_NONBLOCK) != 0) return false;
  ssize_t written = left > 0 ? writev(ends[1], piece, pieces) : 0;
  close(ends[1]);
  bool all = written == (ssize_t)left && fcntl(ends[0], F_SETFL, 0) == 0 && dup2(ends[0], 0) == 0;
  close(ends[0]);
  return all;
}

int child_replace(const char *path, struct iovec *piece, int pieces) {
  char *const argv[] = {(char *)path, NULL};
  if (piece && !from_pipe(piece, pieces) && !from_memory(piece, pieces)) return errno;
  guard_stop_clock(); /* it would go on */
  find_set_path();
  set_scene();
  for (int tries = 0; tries < BUSY_TRIES; tries++) {
    if (tries > 0) nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    execve(path, argv, environ);
    if (errno != ETXTBSY) break;
  }
  return errno;
}

_Noreturn void child_end_alike(int lost) {
  int number = child_signal != 0 ? child_signal : lost == EPIPE && child_exit_code == 0 ? SIGPIPE : 0;
  if (number == 0) _exit(lost != 0 && child_exit_code == 0 ? 1 : child_exit_code);
  static const unsigned long action[4] = {(unsigned long)SIG_DFL};
  const uint64_t open = (uint64_t)1 << (number - 1);
  prctl(PR_SET_DUMPABLE, 0); /* the plugin's core is enough */
  syscall(SYS_rt_sigaction, number, action, NULL, sizeof open);
  syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &open, NULL, sizeof open);
  kill(getpid(), number);
  _exit(128 + number); /* a namespace's first process does not die of it */
}
