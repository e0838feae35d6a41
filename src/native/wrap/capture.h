/* What is kept of a stream for the log: its first bytes, and of a long one also its last. */
#ifndef CNI_TAP_WRAP_CAPTURE_H
#define CNI_TAP_WRAP_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture {
  uint8_t *const start; /* the static memory that the first bytes begin in */
  uint8_t *head;
  size_t length, capacity; /* of the first bytes */
  size_t limit;            /* most of them */
  uint8_t *tail;           /* a ring of the last bytes, once there are more; NULL: none */
  size_t tail_limit;
  uint64_t tail_total; /* bytes that have been in it */
  uint64_t total; /* bytes of the whole stream */
};

/* Forgets what was kept. */
void capture_clear(struct capture *capture);

/* Where the next bytes are to be read to, and how many. */
uint8_t *capture_room(struct capture *capture, size_t *room);

/* So many were read there. */
void capture_take(struct capture *capture, const uint8_t *bytes, size_t length);

/* Whether nothing more is kept, so that bytes need not be read at all; they are counted with capture_pass. */
bool capture_is_full(const struct capture *capture);
void capture_pass(struct capture *capture, size_t length);

/* The last bytes, in order: their number. 0 where all are in the first. */
size_t capture_tail(const struct capture *capture, const uint8_t **bytes);

#endif
