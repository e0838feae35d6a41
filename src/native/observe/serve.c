#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "log.h"
#include "writer.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { DESCRIPTORS_MOST = 65536 };

static void close_from(unsigned first) {
  struct rlimit limit;
  if (syscall(SYS_close_range, first, ~0u, 0u) == 0) return;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = DESCRIPTORS_MOST;
  for (unsigned fd = first; fd < DESCRIPTORS_MOST && fd < limit.rlim_cur; fd++) close((int)fd);
}

static bool read_all(void *to, size_t length) {
  for (uint8_t *at = to; length > 0;) {
    ssize_t got = read(0, at, length);
    if (got == 0 || (got < 0 && errno != EINTR)) return false;
    if (got < 0) continue;
    at += got;
    length -= (size_t)got;
  }
  return true;
}

static bool answer_all(const struct writer_answer *answer) {
  const uint8_t *at = (const uint8_t *)answer;
  for (size_t length = sizeof *answer; length > 0;) {
    ssize_t put = send(0, at, length, MSG_NOSIGNAL);
    if (put < 0 && errno != EINTR) return false;
    if (put < 0) continue;
    at += put;
    length -= (size_t)put;
  }
  return true;
}

/* Waits for as long as it takes. Where nobody reads any more there is nowhere to say so. */
static void write_errors(const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(2, bytes, length);
    if (written >= 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (errno == EAGAIN) {
      if (poll(&(struct pollfd){.fd = 2, .events = POLLOUT}, 1, -1) < 0 && errno != EINTR) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

/* The lines that are whole in so many bytes. */
static uint32_t whole_lines(const uint32_t *length, uint32_t lines, size_t bytes) {
  uint32_t whole = 0;
  for (; whole < lines && length[whole] <= bytes; whole++) bytes -= length[whole];
  return whole;
}

static bool serve_frame(int number) {
  struct serve_head head;
  struct writer_answer answer = {0};
  if (!read_all(&head, sizeof head)) return false;
  uint8_t *frame = arena_take(serve_size(&head));
  if (!frame || !read_all(frame, serve_size(&head))) return false;
  const uint32_t *length = (const uint32_t *)frame;
  uint8_t *log_path = frame + head.lines * sizeof *length, *lock_path = log_path + head.log_path;
  uint8_t *bytes = lock_path + head.lock_path;
  if (number == WRITER_ERROR) {
    write_errors(bytes, head.bytes);
    answer.lines = head.lines;
  } else {
    const char *lock = head.lock_path ? (char *)lock_path : NULL;
    struct log_request request = {(char *)log_path, lock, head.lock_timeout_ms, head.max_bytes};
    struct iovec piece[] = {{0}, {bytes, head.bytes}};
    log_waited_ms = 0;
    answer.lines = whole_lines(length, head.lines, log_append(&request, piece, 2, &answer.faults));
  }
  arena_give_back(frame);
  return answer_all(&answer);
}

static void inherit_nothing(int number, int socket) {
  static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ, SIGTTOU};
  static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL); /* descriptor 2 may be the log */
  if (dup2(socket, 0) != 0) _exit(1);
  if (number == WRITER_ERROR) close(1);
  close_from(number == WRITER_ERROR ? 3 : 1);
}

_Noreturn void serve(int number, int socket, pid_t parent) {
  inherit_nothing(number, socket);
  prctl(PR_SET_NAME, number == WRITER_ERROR ? "cnitap-err" : "cnitap-log");
  if (number == WRITER_ERROR) { /* what it writes to may never go on: it does not stay alone */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
  }
  while (serve_frame(number)) {}
  _exit(0);
}
