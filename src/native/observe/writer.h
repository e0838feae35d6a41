/* Processes that write for the observer, one a destination, because a lock, a disk and a terminal may let it wait.
   A frame of lines goes to one over a socket, and an answer comes back. */
#ifndef CNI_TAP_OBSERVE_WRITER_H
#define CNI_TAP_OBSERVE_WRITER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"
#include "log.h"

enum { WRITER_LOG, WRITER_ERROR, WRITERS }; /* as in observe-host.ts */

/* Starts one. Returns 0 or an errno. */
int writer_start(int number);

struct writer_line {
  const uint8_t *bytes;
  uint32_t length;
};

/* Hands lines to a writer that has none; starts one if there is none. `target` is NULL for standard error. Returns 0 or an
   errno. Copies all it is given. */
int writer_hand(int number, const struct log_request *target, const struct writer_line *line, uint32_t lines);

/* How many lines were written whole, from the first, and what was wrong; fault -1: the writer has died. */
struct writer_answer {
  uint32_t lines;
  struct faults faults;
};

/* False: not yet. */
bool writer_answered(int number, struct writer_answer *answer);

/* For the loop that waits: what to poll (fd -1: nothing), *ms made 0 where there is no need to wait; and whether there is an
   answer after that. */
struct pollfd writer_poll(int number, int *ms);
bool writer_go_on(int number, short revents);

#endif
