/* QuickJS with nothing but base objects and JSON, in the arena. */
#ifndef CNI_TAP_ENGINE_H
#define CNI_TAP_ENGINE_H

#include <quickjs.h>
#include <stddef.h>
#include <stdint.h>

/* A context with an empty global object of the script's own; NULL when memory is used up. */
JSContext *engine_start(void);

/* Runs a script of the executable; an exception is what it left, or could not be read for. */
JSValue engine_run(JSContext *ctx, const uint8_t *bytecode, size_t length);

#endif
