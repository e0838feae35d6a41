#include "writer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "serve.h"

enum state { IDLE, SENDING, SENT, ANSWERED };

static struct writer {
  int fd; /* -1: there is none */
  enum state state;
  uint8_t *frame;
  size_t size, sent;
  struct writer_answer answer;
  size_t received; /* of the answer */
} writers[WRITERS] = {{.fd = -1}, {.fd = -1}};

int writer_start(int number) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  const pid_t parent = getpid(), child = fork();
  if (child == 0) serve(number, ends[1], parent);
  const int error = child < 0 ? errno : 0;
  close(ends[1]);
  if (error) close(ends[0]);
  else writers[number].fd = ends[0];
  return error;
}

static void end_frame(struct writer *writer) {
  arena_give_back(writer->frame);
  writer->frame = NULL;
}

static void close_writer(struct writer *writer) {
  close(writer->fd);
  writer->fd = -1;
}

static void died(struct writer *writer) {
  close_writer(writer);
  end_frame(writer);
  writer->answer = (struct writer_answer){.faults = {.count = 1, .item = {{-1, 0}}}};
  writer->state = ANSWERED;
}

/* Sends what the writer takes now. Returns 0 or an errno. */
static int send_frame(struct writer *writer) {
  while (writer->sent < writer->size) {
    ssize_t put = send(writer->fd, writer->frame + writer->sent, writer->size - writer->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) writer->sent += (size_t)put;
    else if (errno == EAGAIN) return 0;
    else if (errno != EINTR) return errno;
  }
  end_frame(writer);
  writer->state = SENT;
  return 0;
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t length) {
  memcpy(to, bytes, length);
  return to + length;
}

static bool make_frame(struct writer *writer, const struct log_request *target, const struct writer_line *line, uint32_t lines) {
  struct serve_head head = {.lines = lines};
  if (target) {
    head.max_bytes = target->max_bytes;
    head.lock_timeout_ms = target->lock_timeout_ms;
    head.log_path = (uint32_t)strlen(target->log_file) + 1;
    head.lock_path = target->lock_file ? (uint32_t)strlen(target->lock_file) + 1 : 0;
  }
  for (uint32_t i = 0; i < lines; i++) head.bytes += line[i].length;
  writer->size = sizeof head + serve_size(&head);
  writer->sent = 0;
  uint8_t *to = writer->frame = arena_take(writer->size);
  if (!to) return false;
  to = put(to, &head, sizeof head);
  for (uint32_t i = 0; i < lines; i++) to = put(to, &line[i].length, sizeof line[i].length);
  if (head.log_path) to = put(to, target->log_file, head.log_path);
  if (head.lock_path) to = put(to, target->lock_file, head.lock_path);
  for (uint32_t i = 0; i < lines; i++) to = put(to, line[i].bytes, line[i].length);
  return true;
}

int writer_hand(int number, const struct log_request *target, const struct writer_line *line, uint32_t lines) {
  struct writer *writer = &writers[number];
  int error = EPIPE;
  if (writer->state != IDLE) return EBUSY;
  if (!make_frame(writer, target, line, lines)) return ENOMEM;
  writer->state = SENDING;
  writer->received = 0;
  for (int tries = 0; error == EPIPE && tries < 2; tries++) {
    error = writer->fd < 0 ? writer_start(number) : 0;
    if (!error) error = send_frame(writer);
    if (error && writer->fd >= 0) close_writer(writer); /* it died with nothing to do */
  }
  if (!error) return 0;
  end_frame(writer);
  writer->state = IDLE;
  return error;
}

bool writer_answered(int number, struct writer_answer *answer) {
  struct writer *writer = &writers[number];
  if (writer->state != ANSWERED) return false;
  writer->state = IDLE;
  *answer = writer->answer;
  return true;
}

struct pollfd writer_poll(int number, int *ms) {
  const struct writer *writer = &writers[number];
  if (writer->state == ANSWERED) *ms = 0;
  bool waits = writer->state == SENDING || writer->state == SENT;
  return (struct pollfd){.fd = waits ? writer->fd : -1, .events = (short)(POLLIN | (writer->state == SENDING ? POLLOUT : 0))};
}

bool writer_go_on(int number, short revents) {
  struct writer *writer = &writers[number];
  if (revents && writer->state == SENDING && send_frame(writer) != 0) {
    died(writer);
  } else if (revents & ~POLLOUT && writer->state == SENT) {
    uint8_t *to = (uint8_t *)&writer->answer + writer->received;
    ssize_t got = recv(writer->fd, to, sizeof writer->answer - writer->received, MSG_DONTWAIT);
    if (got > 0) writer->received += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR)) died(writer);
    if (writer->received == sizeof writer->answer) writer->state = ANSWERED;
  }
  return writer->state == ANSWERED;
}
