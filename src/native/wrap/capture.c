#include "capture.h"

#include <string.h>
#include <sys/mman.h>

#include "io.h"

static uint8_t unkept[IO_FIRST_BYTES];

void capture_clear(struct capture *capture) {
  if (capture->head != capture->start) munmap(capture->head, capture->capacity);
  if (capture->tail) munmap(capture->tail, 2 * capture->tail_limit);
  capture->head = capture->start;
  capture->capacity = IO_FIRST_BYTES;
  capture->length = 0;
  capture->tail = NULL;
  capture->total = 0;
}

uint8_t *capture_room(struct capture *capture, size_t *room) {
  if (capture->length == capture->capacity && capture->capacity < capture->limit &&
      !io_grow(&capture->head, &capture->capacity, capture->start, capture->limit))
    capture->limit = capture->capacity; /* no memory: nothing more is kept */
  size_t left = capture->capacity - capture->length;
  *room = left > 0 && left < IO_FIRST_BYTES ? left : IO_FIRST_BYTES;
  return left > 0 ? capture->head + capture->length : unkept;
}

bool capture_is_full(const struct capture *capture) {
  return capture->length == capture->limit && capture->tail_limit == 0;
}

void capture_pass(struct capture *capture, size_t length) { capture->total += length; }

/* The ring is written twice, so that its bytes are always in one piece. */
static void put_in_ring(struct capture *capture, const uint8_t *bytes, size_t length) {
  const size_t size = capture->tail_limit;
  for (size_t step; length > 0; bytes += step, length -= step) {
    size_t at = capture->tail_total % size;
    step = length < size - at ? length : size - at;
    memcpy(capture->tail + at, bytes, step);
    memcpy(capture->tail + size + at, bytes, step);
    capture->tail_total += step;
  }
}

/* It begins with what the first bytes end with. */
static void make_ring(struct capture *capture) {
  void *ring = mmap(NULL, 2 * capture->tail_limit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED) {
    capture->tail_limit = 0;
    return;
  }
  size_t kept = capture->length < capture->tail_limit ? capture->length : capture->tail_limit;
  capture->tail = ring;
  capture->tail_total = 0;
  put_in_ring(capture, capture->head + capture->length - kept, kept);
}

void capture_take(struct capture *capture, const uint8_t *bytes, size_t length) {
  capture->total += length;
  if (bytes != unkept) {
    capture->length += length;
    return;
  }
  if (!capture->tail && capture->tail_limit > 0) make_ring(capture);
  if (capture->tail) put_in_ring(capture, bytes, length);
}

size_t capture_tail(const struct capture *capture, const uint8_t **bytes) {
  const size_t size = capture->tail_limit;
  if (!capture->tail) return 0;
  const bool full = capture->tail_total > size;
  *bytes = capture->tail + (full ? capture->tail_total % size : 0);
  return full ? size : (size_t)capture->tail_total;
}
