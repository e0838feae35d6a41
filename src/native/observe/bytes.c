#include "bytes.h"

#include "values.h"

bool bytes_take(JSContext *ctx, JSValueConst value, struct bytes *bytes) {
  size_t offset, width, all;
  *bytes = (struct bytes){0};
  if (JS_IsString(value)) {
    bytes->string = bytes_of_string(ctx, value, &bytes->length);
    bytes->at = (const uint8_t *)bytes->string;
    return bytes->string;
  }
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &bytes->length, &width);
  if (JS_IsException(buffer)) return false;
  bytes->at = JS_GetArrayBuffer(ctx, &all, buffer);
  JS_FreeValue(ctx, buffer); /* the array keeps it */
  if (bytes->at && width == 1) bytes->at += offset;
  else if (!JS_HasException(ctx)) JS_ThrowTypeError(ctx, "bytes");
  return !JS_HasException(ctx);
}

void bytes_free(JSContext *ctx, const struct bytes *bytes) {
  if (bytes->string) JS_FreeCString(ctx, bytes->string);
}

JSValue bytes_array(JSContext *ctx, const void *bytes, size_t length, JSTypedArrayEnum type) {
  JSValue buffer = JS_NewArrayBufferCopy(ctx, bytes, length);
  if (JS_IsException(buffer)) return buffer;
  JSValueConst arguments[] = {buffer, JS_UNDEFINED, JS_UNDEFINED}; /* offset and length are looked at in any case */
  JSValue array = JS_NewTypedArray(ctx, 3, arguments, type);
  JS_FreeValue(ctx, buffer);
  return array;
}
