/* Bytes of the script, and the form of a function that it calls. */
#ifndef CNI_TAP_OBSERVE_BYTES_H
#define CNI_TAP_OBSERVE_BYTES_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)

/* Of a Uint8Array or of a byte string. */
struct bytes {
  const uint8_t *at;
  size_t length;
  const char *string; /* to be freed */
};

/* False with an exception pending. What was taken holds until the script goes on, and is to be freed. */
bool bytes_take(JSContext *ctx, JSValueConst value, struct bytes *bytes);
void bytes_free(JSContext *ctx, const struct bytes *bytes);

/* A typed array of its own. */
JSValue bytes_array(JSContext *ctx, const void *bytes, size_t length, JSTypedArrayEnum type);

#endif
