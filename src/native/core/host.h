/* The functions of src/native/host.ts that a script calls. */
#ifndef CNI_TAP_HOST_H
#define CNI_TAP_HOST_H

#include <quickjs.h>

/* Makes the global `host`. */
void host_define(JSContext *ctx);

#endif
