/* Ensures an answer when the script gives none. */
#ifndef CNI_TAP_GUARD_H
#define CNI_TAP_GUARD_H

#include <signal.h>

/* Each program defines it: answers without the script and exits. Must be safe in a signal handler. */
_Noreturn void last_resort(void);

/* Calls last_resort on a crash, or after one second of user CPU time. Broken pipes and file size limits are errors of a
   write, not signals. */
void guard_arm(void);

/* Between these, a crash's signal waits if another process has sent it: between a system call and the note of what it has
   done, the last resort would do that again. */
void guard_hold(void);
void guard_release(void);

/* Sets a signal's handler, unless the signal is ignored and the handler is one of ours (then it stays ignored). */
void guard_handle(int signal, void (*handler)(int));

/* Puts dispositions and mask back as the process found them, but for handlers, which exec(2) takes away. For a program to
   be started; also in a child that shares this process's memory. */
void guard_restore(void);

/* The signals that were blocked when the process started. */
extern sigset_t guard_found_mask;

/* Stops the CPU timer of guard_arm, and starts it anew. */
void guard_stop_clock(void);
void guard_start_clock(void);

#endif
