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

enum { HUGE_FROM_BYTES = 4 * 1024 * 1024 };

static uint8_t first[IO_FIRST_BYTES];
struct input input = {.text = first, .capacity = IO_FIRST_BYTES};
volatile bool io_output_begun = false, io_output_ended = false;
volatile int io_exit_code = 1;
bool io_was_closed[3] = {false};

void io_open_standard(void) {
  struct pollfd standard[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
  if (poll(standard, 3, 0) <= 0) return;
  for (int fd = 0; fd < 3; fd++) {
    if (!(standard[fd].revents & POLLNVAL)) continue;
    io_was_closed[fd] = true;
    /* The lowest free descriptor is this one: those below it are open. */
    if (open("/dev/null", O_RDWR) < 0) open("/", O_PATH);
  }
}

static void *map(size_t bytes, int how) { return mmap(NULL, bytes, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0); }

/* mremap(2) moves pages without copying them. Shared memory does not count for RLIMIT_DATA, but cannot grow. */
static bool resize(uint8_t **text, size_t *capacity, const uint8_t *start, size_t wanted) {
  static bool shared = false; /* some buffer is */
  const bool moves = *text != start && !shared;
  void *larger = moves ? mremap(*text, *capacity, wanted, MREMAP_MAYMOVE) : map(wanted, MAP_PRIVATE);
  const bool moved = moves && larger != MAP_FAILED;
  if (larger == MAP_FAILED) {
    larger = map(wanted, MAP_SHARED);
    if (larger == MAP_FAILED) return false;
    shared = true;
  }
  if (!moved) {
    memcpy(larger, *text, *capacity);
    if (*text != start) munmap(*text, *capacity);
  }
  if (wanted >= HUGE_FROM_BYTES) madvise(larger, wanted, MADV_HUGEPAGE); /* 4096 page faults fewer for 16 MB */
  *text = larger;
  *capacity = wanted;
  return true;
}

bool io_grow(uint8_t **text, size_t *capacity, const uint8_t *start, size_t limit) {
  const size_t most = *capacity * 4 < limit ? *capacity * 4 : limit, least = *capacity + IO_FIRST_BYTES < limit ? *capacity + IO_FIRST_BYTES : limit;
  return resize(text, capacity, start, most) || resize(text, capacity, start, least);
}

void io_advance(struct iovec **piece, int *pieces, size_t written) {
  while (*pieces > 0 && written >= (*piece)->iov_len) {
    written -= (*piece)->iov_len;
    ++*piece, --*pieces;
  }
  if (*pieces == 0) return;
  (*piece)->iov_base = (uint8_t *)(*piece)->iov_base + written;
  (*piece)->iov_len -= written;
}

void io_read_input(size_t limit) {
  while (!input.ended) {
    if (input.length == input.capacity) {
      /* One byte more than the limit shows that there is more. */
      if (input.capacity > limit || !io_grow(&input.text, &input.capacity, first, limit + 1)) {
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
  if (io_was_closed[1]) return 0;
  while (pieces > 0) {
    if (piece->iov_len == 0) {
      piece++, pieces--;
      continue;
    }
    ssize_t written = writev(1, piece, pieces < IO_PIECES_MOST ? pieces : IO_PIECES_MOST);
    if (written < 0 && (errno == ENOSYS || errno == EPERM)) written = write(1, piece->iov_base, piece->iov_len); /* a filter */
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return errno;
      poll(&(struct pollfd){.fd = 1, .events = POLLOUT}, 1, -1);
      continue;
    }
    io_advance(&piece, &pieces, (size_t)written);
  }
  return 0;
}

void io_complain(const char *text, size_t length) {
  struct pollfd error = {.fd = 2, .events = POLLOUT};
  if (poll(&error, 1, 0) != 1 || !(error.revents & POLLOUT)) return;
  if (length > PIPE_BUF) length = PIPE_BUF; /* a pipe that is ready takes this much without blocking */
  if (write(2, text, length) < 0) return;   /* there is nowhere to report it */
}
