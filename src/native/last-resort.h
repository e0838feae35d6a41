/* What a pod gets when the script gives no answer: the one policy of the host's own. */
#ifndef CNI_TAP_LAST_RESORT_H
#define CNI_TAP_LAST_RESORT_H

/* Answers from a scan of its own and ends the process. Calls only what a signal handler may. */
_Noreturn void last_resort(void);

/* Makes crashes, and a second of the process's own CPU time, end in last_resort. */
void last_resort_arm(void);

#endif
