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
int child_exit_code = 1, child_signal = 0;
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
  const pid_t now = getppid();
  if (parent > 0 && now >= 0 && now != parent) _exit(1); /* it died before the signal was asked for */
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
    *error = CHILD_NO_PROCESS;
    _exit(1);
  }
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
  sigdelset(&all, SIGSYS); /* of a filter; blocked, it is the end */
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

/* What waitid(2) says of its end. */
static void take_end(const siginfo_t *end) {
  child_signal = end->si_code == CLD_EXITED ? 0 : end->si_status;
  child_exit_code = end->si_code == CLD_EXITED ? end->si_status : 1;
}

void child_wait(void) {
  siginfo_t end = {0};
  const pid_t ended = child;
  int status, tries = 0;
  while (waitid(P_PID, (id_t)ended, &end, WEXITED | WNOWAIT) != 0 && (errno == EINTR || ++tries < WAIT_TRIES)) continue;
  const bool known = tries < WAIT_TRIES;
  if (known) child = 0; /* from here on, its number may be another process's */
  for (tries = 0; waitpid(ended, &status, 0) < 0 && (errno == EINTR || ++tries < WAIT_TRIES);) continue;
  child = 0;
  child_state = CHILD_ENDED;
  if (known) {
    take_end(&end);
  } else if (tries < WAIT_TRIES) {
    child_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    child_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
}

static bool write_all(int fd, struct iovec *piece, int pieces) {
  while (pieces > 0) {
    ssize_t written = writev(fd, piece, pieces < IO_PIECES_MOST ? pieces : IO_PIECES_MOST);
    if (written < 0 && errno != EINTR) return false;
    if (written >= 0) io_advance(&piece, &pieces, (size_t)written);
  }
  return true;
}

/* Adds what is left of standard input. */
static bool add_rest(int fd) {
  static uint8_t part[IO_FIRST_BYTES];
  for (;;) {
    ssize_t got = read(0, part, sizeof part);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0 && !write_all(fd, &(struct iovec){part, (size_t)got}, 1)) return false;
  }
}

/* A file of memory as standard input. False where that cannot be had. */
static bool from_memory(struct iovec *piece, int pieces, bool more) {
  int fd = (int)syscall(SYS_memfd_create, "stdin", 0u);
  if (fd < 0 && errno == EMFILE && !more) {
    close(0);
    fd = (int)syscall(SYS_memfd_create, "stdin", 0u);
  }
  if (fd < 0) return false;
  bool all = write_all(fd, piece, pieces) && (!more || add_rest(fd)) && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, 0) == 0;
  if (fd != 0) close(fd);
  return all;
}

/* A pipe that ends, as standard input. False where that cannot be had, or does not hold all of it. */
static bool from_pipe(const struct iovec *piece, int pieces) {
  int ends[2];
  size_t left = 0;
  for (int i = 0; i < pieces; i++) left += piece[i].iov_len;
  if (left > IO_FIRST_BYTES || pieces > IO_PIECES_MOST || pipe2(ends, O_NONBLOCK) != 0) return false;
  ssize_t written = left > 0 ? writev(ends[1], piece, pieces) : 0;
  close(ends[1]);
  bool all = written == (ssize_t)left && fcntl(ends[0], F_SETFL, 0) == 0 && dup2(ends[0], 0) == 0;
  close(ends[0]);
  return all;
}

int child_replace(const char *path, struct iovec *piece, int pieces, bool more) {
  char *const argv[] = {(char *)path, NULL};
  errno = 0;
  if (piece && (more || !from_pipe(piece, pieces)) && !from_memory(piece, pieces, more)) return errno ? errno : EIO;
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
  for (int tries = 0; tries < 2; tries++) {
    syscall(SYS_rt_sigaction, number, action, NULL, sizeof open);
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &open, NULL, sizeof open);
    kill(getpid(), number);
  }
  _exit(128 + number); /* a namespace's first process does not die of it */
}
