/* The functions of src/native/observe-host.ts that the script calls. */
#ifndef CNI_TAP_OBSERVE_FUNCTIONS_H
#define CNI_TAP_OBSERVE_FUNCTIONS_H

/* To be called first. */
void functions_begin(int argc, char **argv);

/* Ends the process with what the script has thrown. */
_Noreturn void functions_failed(void);

#endif
