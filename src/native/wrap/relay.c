#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "guard.h"
#include "io.h"

enum { BURST_BYTES = 32 * 1024, PIPE_BYTES = 1024 * 1024, TRIES = 16 };

static uint8_t output_start[IO_FIRST_BYTES], errors_start[IO_FIRST_BYTES];
struct capture relay_output = {
    .start = output_start, .head = output_start, .capacity = IO_FIRST_BYTES, .limit = 16 * 1024 * 1024};
struct capture relay_errors = {.start = errors_start, .head = errors_start, .capacity = IO_FIRST_BYTES,
                               .limit = 512 * 1024, .tail_limit = 512 * 1024};
int relay_lost = 0;
int64_t relay_microseconds = 0;

/* From the plugin to the caller. Bytes are read when those before them are handed on: a plugin whose caller does not read
   has to wait, as it would without us. */
struct stream {
  int from; /* -1: ended */
  const int to;
  struct capture *const kept;
  const uint8_t *bytes; /* to be handed on */
  size_t left;
  bool burst;    /* there is much: pages are handed on, not copied. Small parts of them would fill the caller's pipe. */
  bool passes;   /* the next bytes are handed on so */
  bool copied;   /* that cannot be: `to` is no pipe */
  int lost;      /* errno for which bytes could not be handed on; those after them are only kept */
  int tries;     /* of a read that fails */
};

static struct stream output = {.from = -1, .to = 1, .kept = &relay_output}, errors = {.from = -1, .to = 2, .kept = &relay_errors};

/* From the caller to the plugin. */
static struct {
  int to; /* -1: ended */
  struct iovec *piece;
  int pieces;
  bool more; /* what is left of standard input follows */
  bool waits; /* a write of more than fits would block */
  int tries;  /* of a write that fails */
} request = {.to = -1};

/* The plugin's ends of the pipes: one that stays open here has no end. */
static int given[3] = {-1, -1, -1};

static struct timespec started;

static void end(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void end_request(void) {
  end(&request.to);
  request.pieces = 0;
  request.more = false;
}

/* Where a write may block, as much as a pipe takes that is ready; the first piece only where there is no writev(2). */
static ssize_t write_request(void) {
  const struct iovec *piece = request.piece;
  const size_t most = request.waits && piece->iov_len > PIPE_BUF ? PIPE_BUF : piece->iov_len;
  if (request.waits) return write(request.to, piece->iov_base, most);
  ssize_t written = writev(request.to, piece, request.pieces < IO_PIECES_MOST ? request.pieces : IO_PIECES_MOST);
  if (written < 0 && (errno == ENOSYS || errno == EPERM)) written = write(request.to, piece->iov_base, most); /* a filter */
  return written;
}

/* Hands on as much as the pipe takes. A plugin may close it, or end, without having read. */
static void feed(void) {
  while (request.pieces > 0) {
    if (request.piece->iov_len == 0) {
      request.piece++, request.pieces--;
      continue;
    }
    ssize_t written = write_request();
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno != EPIPE && (errno == EAGAIN || ++request.tries < TRIES)) return;
    if (written < 0) {
      end_request();
      return;
    }
    io_advance(&request.piece, &request.pieces, (size_t)written);
    if (request.waits && request.pieces > 0) return;
  }
  if (!request.more) end_request();
}

/* The next part of a standard input that is too long to be kept. */
static void refill(void) {
  static uint8_t part[IO_FIRST_BYTES];
  static struct iovec piece;
  ssize_t got = read(0, part, sizeof part);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  request.more = got > 0;
  piece = (struct iovec){part, got > 0 ? (size_t)got : 0};
  request.piece = &piece;
  request.pieces = got > 0;
  feed();
}

/* Where nobody reads, the plugin is to see that; a full disk is none of its business: its streams are taken to their end. */
static void lose(struct stream *stream, int error) {
  stream->lost = error;
  stream->left = 0;
  stream->passes = false;
  stream->copied = true;
  if (error == EPIPE) end(&stream->from);
}

/* Bytes that were handed on are read, which takes them out of the pipe. */
static void keep(struct stream *stream, size_t length) {
  while (length > 0) {
    size_t room;
    uint8_t *to = capture_room(stream->kept, &room);
    ssize_t got = read(stream->from, to, room < length ? room : length);
    if (got > 0) {
      capture_take(stream->kept, to, (size_t)got);
      length -= (size_t)got;
    } else if (got == 0 || (errno != EINTR && ++stream->tries == TRIES)) {
      end(&stream->from);
      return;
    }
  }
}

static void pass(struct stream *stream) {
  const bool kept = !capture_is_full(stream->kept);
  ssize_t passed = kept ? tee(stream->from, stream->to, PIPE_BYTES, SPLICE_F_NONBLOCK)
                        : splice(stream->from, NULL, stream->to, NULL, PIPE_BYTES, SPLICE_F_NONBLOCK);
  stream->burst = passed >= BURST_BYTES;
  if (passed > 0) kept ? keep(stream, (size_t)passed) : capture_pass(stream->kept, (size_t)passed);
  else if (passed < 0 && errno == EPIPE) lose(stream, EPIPE);
  else if (passed < 0 && errno != EAGAIN && errno != EINTR) stream->copied = true;
  else if (passed == 0) end(&stream->from);
  stream->passes = passed < 0 && stream->from >= 0 && (errno == EAGAIN || errno == EINTR);
}

/* Without data there is nothing to hand on, only an end to be found: the caller's pipe may be full until our own. */
static void take(struct stream *stream, short ready) {
  size_t room;
  if (stream->burst && !stream->copied && (ready & POLLIN)) {
    pass(stream);
    return;
  }
  uint8_t *to = capture_room(stream->kept, &room);
  ssize_t got = read(stream->from, to, room);
  if (got > 0) {
    capture_take(stream->kept, to, (size_t)got);
    stream->bytes = to;
    stream->left = stream->lost ? 0 : (size_t)got;
    stream->burst = got >= BURST_BYTES;
    stream->tries = 0;
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN && ++stream->tries == TRIES)) {
    end(&stream->from);
  }
}

/* A descriptor that is ready takes PIPE_BUF bytes without blocking. It is the caller's: it stays as it is. */
static void put(struct stream *stream) {
  ssize_t written = write(stream->to, stream->bytes, stream->left < PIPE_BUF ? stream->left : PIPE_BUF);
  if (written >= 0) {
    stream->bytes += written;
    stream->left -= (size_t)written;
  } else if (errno != EINTR && errno != EAGAIN) {
    lose(stream, errno);
  }
}

static bool is_waiting(const struct stream *stream) { return stream->left > 0 || stream->passes; }

static bool is_over(const struct stream *stream) { return stream->from < 0 && stream->left == 0; }

static struct pollfd next_of(const struct stream *stream) {
  if (is_waiting(stream)) return (struct pollfd){.fd = stream->to, .events = POLLOUT};
  return (struct pollfd){.fd = stream->from, .events = POLLIN};
}

static void go_on(struct stream *stream, short ready) {
  if (ready == 0) return;
  if (stream->left > 0) put(stream);
  else if (stream->passes) pass(stream);
  else if (stream->from >= 0) take(stream, ready);
}

/* Without poll(2), which a filter may forbid, every descriptor is tried now and then. */
static void try_all(struct pollfd *polled, int count) {
  const int own[] = {request.to, output.from, errors.from};
  for (int i = 0; i < 3; i++)
    if (own[i] >= 0) fcntl(own[i], F_SETFL, O_NONBLOCK);
  request.waits = false;
  for (int i = 0; i < count; i++) polled[i].revents = polled[i].events;
  nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits until something can be done, and does it. */
static void relay_once(void) {
  const bool refills = request.to >= 0 && request.pieces == 0;
  struct pollfd polled[] = {next_of(&output), next_of(&errors), {.fd = refills ? 0 : request.to, .events = refills ? POLLIN : POLLOUT},
                            {.fd = refills ? request.to : -1}}; /* for its reader's end */
  if (poll(polled, 4, -1) < 0) {
    if (errno == EINTR) return;
    try_all(polled, 4);
  }
  guard_hold(); /* what a system call has handed on is noted before anything else */
  if (polled[3].revents) end_request();
  else if (polled[2].revents) refills ? refill() : feed();
  go_on(&output, polled[0].revents);
  go_on(&errors, polled[1].revents);
  guard_release();
}

void relay_resume(void) {
  if (child_state != CHILD_RUNS) return;
  for (int i = 0; i < 3; i++) end(&given[i]);
  while (!is_over(&output) || !is_over(&errors) || request.to >= 0) relay_once();
  child_wait();
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  relay_microseconds = (now.tv_sec - started.tv_sec) * 1000000 + (now.tv_nsec - started.tv_nsec) / 1000;
  relay_lost = output.lost;
  guard_start_clock();
}

static int make_pipes(int pipes[3][2]) {
  for (int i = 0; i < 3; i++)
    if (pipe2(pipes[i], O_CLOEXEC) != 0) {
      while (--i >= 0) end(&pipes[i][0]), end(&pipes[i][1]);
      return RELAY_UNABLE;
    }
  return 0;
}

int relay_run(const char *path, struct iovec *piece, int pieces, bool more) {
  int pipes[3][2];
  size_t bytes = 0;
  if (make_pipes(pipes) != 0) return RELAY_UNABLE;
  capture_clear(&relay_output);
  capture_clear(&relay_errors);
  guard_stop_clock(); /* this may take longer, and there is an end to it */
  for (int i = 0; i < pieces; i++) bytes += piece[i].iov_len;
  request.to = pipes[0][1];
  request.piece = piece;
  request.pieces = pieces;
  request.more = more;
  output.from = pipes[1][0];
  errors.from = pipes[2][0];
  request.waits = (bytes > PIPE_BUF || more) && fcntl(request.to, F_SETFL, O_NONBLOCK) != 0;
  clock_gettime(CLOCK_MONOTONIC, &started);
  given[0] = pipes[0][0];
  given[1] = pipes[1][1];
  given[2] = pipes[2][1];
  int error = child_start(path, given[0], given[1], given[2]);
  if (error != 0) {
    for (int i = 0; i < 3; i++) end(&given[i]);
    end_request();
    end(&output.from);
    end(&errors.from);
    guard_start_clock();
    return error == CHILD_NO_PROCESS ? RELAY_UNABLE : error;
  }
  guard_hold();
  feed();
  guard_release();
  relay_resume();
  return 0;
}
