#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef O_PATH
#define O_PATH 010000000
#endif

enum { FIRST_BYTES = 64 * 1024, PIECES_MOST = 1024 };

static uint8_t first[FIRST_BYTES];
struct input input = {.text = first, .capacity = FIRST_BYTES};
volatile bool io_output_begun = false, io_output_ended = false;
volatile int io_exit_code = 1;
static bool output_is_closed = false;

void io_open_standard(void) {
  struct pollfd standard[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
  if (poll(standard, 3, 0) <= 0) return;
  for (int fd = 0; fd < 3; fd++) {
    if (!(standard[fd].revents & POLLNVAL)) continue;
    if (fd == 1) output_is_closed = true;
    /* The lowest free descriptor is this one: those below it are open. */
    if (open("/dev/null", O_RDWR) < 0) open("/", O_PATH);
  }
}

/* Makes the buffer four times as large. mremap(2) moves its pages without copying them. */
static bool grow(size_t limit) {
  size_t capacity = input.capacity * 4;
  if (capacity > limit) capacity = limit;
  void *text;
  if (input.text == first) {
    text = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text != MAP_FAILED) memcpy(text, first, input.length);
  } else {
    text = mremap(input.text, input.capacity, capacity, MREMAP_MAYMOVE);
  }
  if (text == MAP_FAILED) return false;
  input.text = text;
  input.capacity = capacity;
  return true;
}

void io_read_input(size_t limit) {
  while (!input.ended) {
    if (input.length == input.capacity) {
      /* One byte more than the limit shows that there is more. */
      if (input.capacity > limit || !grow(limit + 1)) {
        input.too_long = input.capacity > limit;
        input.error = input.too_long ? 0 : ENOMEM;
        input.ended = true;
        return;
      }
    }
    ssize_t got = read(0, input.text + input.length, input.capacity - input.length);
    if (got > 0) {
      input.length += (size_t)got;
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      poll(&(struct pollfd){.fd = 0, .events = POLLIN}, 1, -1);
    } else {
      input.error = got < 0 ? errno : 0;
      input.ended = true;
    }
  }
}

int io_write_output(struct iovec *piece, int pieces) {
  io_output_begun = true;
  if (output_is_closed) return 0;
  while (pieces > 0) {
    if (piece->iov_len == 0) {
      piece++, pieces--;
      continue;
    }
    ssize_t written = writev(1, piece, pieces < PIECES_MOST ? pieces : PIECES_MOST);
    if (written < 0 && (errno == ENOSYS || errno == EPERM)) written = write(1, piece->iov_base, piece->iov_len); /* a filter */
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return errno;
      poll(&(struct pollfd){.fd = 1, .events = POLLOUT}, 1, -1);
      continue;
    }
    for (size_t left = (size_t)written; left > 0;) {
      size_t step = left < piece->iov_len ? left : piece->iov_len;
      piece->iov_base = (uint8_t *)piece->iov_base + step;
      piece->iov_len -= step;
      left -= step;
      if (piece->iov_len == 0) piece++, pieces--;
    }
  }
  return 0;
}

void io_complain(const char *text, size_t length) {
  struct pollfd error = {.fd = 2, .events = POLLOUT};
  if (poll(&error, 1, 0) != 1 || !(error.revents & POLLOUT)) return;
  if (length > PIPE_BUF) length = PIPE_BUF; /* a pipe that is ready takes this much without blocking */
  if (write(2, text, length) < 0) return;   /* there is nowhere to report it */
}
