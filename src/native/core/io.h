/* Standard input, output and error. */
#ifndef CNI_TAP_IO_H
#define CNI_TAP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct input {
  uint8_t *text;
  size_t length;
  size_t capacity;
  bool ended;    /* read to its end or to the limit, or failed */
  int error;     /* errno of read(2), 0: none */
  bool too_long; /* longer than the limit */
};

extern struct input input;

enum { IO_FIRST_BYTES = 64 * 1024, IO_PIECES_MOST = 1024 /* of a writev(2) */ };

/* Makes a buffer larger, four times where memory allows; `start` is the static one it began as. False at the limit. */
bool io_grow(uint8_t **text, size_t *capacity, const uint8_t *start, size_t limit);

/* Goes on to what is left of pieces of which so many bytes were written. */
void io_advance(struct iovec **piece, int *pieces, size_t written);

/* Opens those of descriptors 0-2 that are closed, so that no other file gets their numbers. */
void io_open_standard(void);
extern bool io_was_closed[3];

/* Reads standard input to its end, or to limit bytes. Continues where an interrupted call stopped. */
void io_read_input(size_t limit);

/* Writes the pieces to standard output. Returns 0 or an errno; 0 if it was closed when the tap started. */
int io_write_output(struct iovec *piece, int pieces);

/* Whether the reply was begun; whether it is complete or failed; the exit code of last_resort after a begun
   reply, 1 until the reply is written. */
extern volatile bool io_output_begun, io_output_ended;
extern volatile int io_exit_code;

/* Writes to standard error, as much as it accepts without blocking: there may be no reader. */
void io_complain(const char *text, size_t length);

#endif
