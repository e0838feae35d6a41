/* Ensures an answer when the script gives none. */
#ifndef CNI_TAP_GUARD_H
#define CNI_TAP_GUARD_H

/* Each program defines it: answers without the script and exits. Must be safe in a signal handler. */
_Noreturn void last_resort(void);

/* Calls last_resort on a crash, or after one second of user CPU time. */
void guard_arm(void);

/* Stops the CPU timer of guard_arm. */
void guard_stop_clock(void);

#endif
