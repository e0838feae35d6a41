/* Standard input, output and error as a tap finds them. */
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
  bool ended;    /* read to its end, or as far as it may be */
  int error;     /* errno of read(2), 0: none */
  bool too_long; /* there is more than the limit */
};

extern struct input input;

/* Opens descriptors 0-2 that are closed, so that no other file takes their place. */
void io_open_standard(void);

/* Reads standard input to its end, or to limit bytes; goes on where an earlier call was cut off. */
void io_read_input(size_t limit);

/* Writes the pieces to standard output; 0, or the errno. A closed standard output counts as written. */
int io_write_output(struct iovec *piece, int pieces);

/* Whether the reply has begun, whether nothing more of it will come, and what the process ends with when nothing else
   says so: 1 until it is through. */
extern volatile bool io_output_begun, io_output_ended;
extern volatile int io_exit_code;

/* Writes to standard error what it takes without waiting: nobody may be reading there. */
void io_complain(const char *text, size_t length);

#endif
