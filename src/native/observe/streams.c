#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "writer.h"

struct stream {
  int fd; /* -1: closed */
  int failed; /* errno of sending; told when there is nothing more to receive */
  uint8_t *unsent;
  size_t from, to, room; /* of `unsent` */
};

static struct stream streams[STREAMS] = {{.fd = -1}, {.fd = -1}};
static int signals = -1;
static bool signalled = false;

void streams_watch_signals(void) {
  static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
  struct sigaction found;
  sigset_t watched;
  sigemptyset(&watched);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    if (ends[i] == SIGTERM || sigaction(ends[i], NULL, &found) != 0 || found.sa_handler != SIG_IGN) sigaddset(&watched, ends[i]);
  signals = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals >= 0) sigprocmask(SIG_BLOCK, &watched, NULL); /* else they end the process as they always do */
}

static void forget(struct stream *stream) {
  arena_give_back(stream->unsent);
  stream->unsent = NULL;
  stream->from = stream->to = stream->room = 0;
}

void streams_close(int number) {
  struct stream *stream = &streams[number];
  if (stream->fd >= 0) close(stream->fd);
  forget(stream);
  stream->fd = -1;
  stream->failed = 0;
}

int streams_connect(int number, const char *path, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (streams[number].fd >= 0) return EISCONN;
  if (length >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    int error = errno;
    close(fd);
    return error;
  }
  streams[number].fd = fd;
  return 0;
}

/* Its flags are shared with whoever has it, too, so it is not made non-blocking: each call says so. */
int streams_adopt(int number, int fd) {
  int type;
  if (streams[number].fd >= 0) return EISCONN;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) != 0) return errno;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return errno;
  streams[number].fd = fd;
  return 0;
}

/* How many bytes the other side takes now; false with an errno in `failed`. */
static bool send_now(struct stream *stream, const uint8_t *bytes, size_t length, size_t *sent) {
  for (*sent = 0; *sent < length;) {
    ssize_t put = send(stream->fd, bytes + *sent, length - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) {
      *sent += (size_t)put;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      stream->failed = errno;
      return false;
    }
  }
  return true;
}

static bool make_room(struct stream *stream, size_t more) {
  if (stream->room - stream->to >= more) return true;
  if (stream->from > 0) memmove(stream->unsent, stream->unsent + stream->from, stream->to - stream->from);
  stream->to -= stream->from;
  stream->from = 0;
  if (stream->room - stream->to >= more) return true;
  size_t room = stream->to + more > 2 * stream->room ? stream->to + more : 2 * stream->room;
  uint8_t *larger = arena_resize(stream->unsent, room);
  if (!larger) return false;
  stream->unsent = larger;
  stream->room = room;
  return true;
}

int streams_send(int number, const uint8_t *bytes, size_t length) {
  struct stream *stream = &streams[number];
  size_t sent = 0;
  if (stream->fd < 0) return ENOTCONN;
  if (stream->failed) return stream->failed;
  if (stream->to == 0 && !send_now(stream, bytes, length, &sent)) return stream->failed;
  if (sent == length) return 0;
  if (!make_room(stream, length - sent)) return stream->failed = ENOMEM; /* with half a message sent there is no going on */
  memcpy(stream->unsent + stream->to, bytes + sent, length - sent);
  stream->to += length - sent;
  return 0;
}

size_t streams_unsent(int number) { return streams[number].to - streams[number].from; }

static void send_rest(struct stream *stream) {
  size_t sent;
  bool going = send_now(stream, stream->unsent + stream->from, stream->to - stream->from, &sent);
  stream->from += sent;
  if (!going || stream->from == stream->to) forget(stream);
}

ssize_t streams_receive(int number, const uint8_t **bytes) {
  static uint8_t buffer[STREAM_READ_BYTES];
  struct stream *stream = &streams[number];
  ssize_t got;
  if (stream->fd < 0) return -ENOTCONN;
  do got = recv(stream->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  *bytes = buffer;
  if (got >= 0) return got;
  return errno == EAGAIN && stream->failed ? -stream->failed : -errno;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One poll(2). Returns what is ready. */
static unsigned look(int ms, unsigned reading) {
  struct pollfd polled[STREAMS + WRITERS + 1];
  unsigned ready = 0;
  for (int i = 0; i < STREAMS; i++) {
    const struct stream *stream = &streams[i];
    short events = (short)((reading >> i & 1 ? POLLIN : 0) | (stream->to ? POLLOUT : 0));
    polled[i] = (struct pollfd){.fd = events ? stream->fd : -1, .events = events};
    if (stream->fd >= 0 && stream->failed) ms = 0;
  }
  for (int i = 0; i < WRITERS; i++) polled[STREAMS + i] = writer_poll(i, &ms);
  polled[STREAMS + WRITERS] = (struct pollfd){.fd = signalled ? -1 : signals, .events = POLLIN};
  if (poll(polled, STREAMS + WRITERS + 1, ms) < 0)
    for (int i = 0; i < STREAMS + WRITERS + 1; i++) polled[i].revents = 0;
  for (int i = 0; i < STREAMS; i++) {
    struct stream *stream = &streams[i];
    if (polled[i].revents && stream->to) send_rest(stream);
    bool readable = reading >> i & 1 && polled[i].revents & ~POLLOUT;
    if (readable || (stream->fd >= 0 && stream->failed)) ready |= 1u << (READY_SOCKET + i);
  }
  for (int i = 0; i < WRITERS; i++)
    if (writer_go_on(i, polled[STREAMS + i].revents)) ready |= 1u << (READY_WRITER + i);
  if (polled[STREAMS + WRITERS].revents) {
    signalled = true;
    ready |= READY_SIGNAL;
  }
  return ready;
}

unsigned streams_wait(int ms, unsigned reading) {
  const int64_t deadline = now_ms() + ms;
  unsigned ready;
  while ((ready = look(ms, reading)) == 0 && ms > 0) {
    int64_t left = deadline - now_ms();
    ms = left > 0 ? (int)left : 0;
  }
  return signalled ? ready | READY_SIGNAL : ready;
}
