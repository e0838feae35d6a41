/* The functions that the scripts of all programs have. They leave no memory behind. */
#ifndef CNI_TAP_COMMON_H
#define CNI_TAP_COMMON_H

#include <quickjs.h>

/* env, isSecretKey, secretsIn, errorText */
void common_define(JSContext *ctx, JSValueConst host);

#endif
