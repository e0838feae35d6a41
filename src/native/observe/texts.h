/* Functions for texts, in which a loop of the script over characters would cost ten times as much. */
#ifndef CNI_TAP_OBSERVE_TEXTS_H
#define CNI_TAP_OBSERVE_TEXTS_H

#include <quickjs.h>

/* Adds them to the host (observe-host.ts). */
void texts_define(JSContext *ctx, JSValueConst host);

#endif
