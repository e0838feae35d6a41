/* What happens when the script gives no answer. */
#ifndef CNI_TAP_GUARD_H
#define CNI_TAP_GUARD_H

/* A program's own: answers without the script and ends the process. Calls only what a signal handler may. */
_Noreturn void last_resort(void);

/* Makes crashes, and a second of the process's own CPU time, end in last_resort. */
void guard_arm(void);

/* Stops the clock of guard_arm. */
void guard_stop_clock(void);

#endif
