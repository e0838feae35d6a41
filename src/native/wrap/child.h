/* The plugin's process: it starts as this one was started, gets its signals, and its end is this one's end. */
#ifndef CNI_TAP_WRAP_CHILD_H
#define CNI_TAP_WRAP_CHILD_H

#include <stdbool.h>
#include <sys/uio.h>

enum child_state { CHILD_NONE, CHILD_RUNS, CHILD_ENDED };
extern enum child_state child_state;

/* How it ended: by a signal, where that is not 0. */
extern int child_exit_code, child_signal;

/* Starts a plugin with these as its standard descriptors. 0; an errno of execve(2); or CHILD_NO_PROCESS. */
enum { CHILD_NO_PROCESS = -1 };
int child_start(const char *path, int in, int out, int err);

/* Waits for its end. */
void child_wait(void);

/* Puts the plugin in this process's place, with the pieces as standard input, and after them, with `more`, what is left of
   this one's; NULL: with this one's own. Returns only where that fails: an errno. */
int child_replace(const char *path, struct iovec *piece, int pieces, bool more);

/* Ends as the plugin has ended; `lost`: the errno for which its output could not be written, 0: none. */
_Noreturn void child_end_alike(int lost);

#endif
