/* The last words of a process that cannot go on. */
#ifndef CNI_TAP_OBSERVE_COMPLAIN_H
#define CNI_TAP_OBSERVE_COMPLAIN_H

#include <quickjs.h>

/* Writes what was thrown to standard error, if that takes it at once, and ends the process with exit code 1. */
_Noreturn void complain_of(JSContext *ctx, JSValueConst thrown);

#endif
