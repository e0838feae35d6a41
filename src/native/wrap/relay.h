/* Between the caller and the plugin: hands on what either says, as it comes, and keeps what the log wants of it. */
#ifndef CNI_TAP_WRAP_RELAY_H
#define CNI_TAP_WRAP_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "capture.h"

extern struct capture relay_output, relay_errors;

/* The errno for which the plugin's output could not be written, 0: none. */
extern int relay_lost;

/* Runs the plugin with the pieces as standard input, and waits for the end of its streams and its own. `more`: what is
   left of this process's standard input comes after them. 0; an errno of execve(2); or RELAY_UNABLE, where there are no
   pipes or no process for it. */
enum { RELAY_UNABLE = -1 };
int relay_run(const char *path, struct iovec *piece, int pieces, bool more);

/* Goes on where relay_run was interrupted. */
void relay_resume(void);

/* The time from the plugin's start to the end of all, in microseconds. */
extern int64_t relay_microseconds;

#endif
