/* The host's functions for Protocol Buffers messages. */
#ifndef CNI_TAP_OBSERVE_MESSAGES_H
#define CNI_TAP_OBSERVE_MESSAGES_H

#include <quickjs.h>

/* fieldPaths, fields, spans, text, keep */
void messages_define(JSContext *ctx, JSValueConst host);

#endif
