#include "values.h"

/* The script's strings have one character (U+0000 to U+00FF) per byte, so that invalid UTF-8 survives. The
   API of QuickJS takes and returns UTF-8: two bytes for U+0080 to U+00FF. */
JSValue string_of_bytes(JSContext *ctx, const uint8_t *bytes, size_t length) {
  size_t high = 0;
  for (size_t i = 0; i < length; i++) high += bytes[i] >> 7;
  if (high == 0) return JS_NewStringLen(ctx, (const char *)bytes, length);
  uint8_t *utf8 = js_malloc(ctx, length + high);
  if (!utf8) return JS_EXCEPTION;
  size_t to = 0;
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] < 0x80) {
      utf8[to++] = bytes[i];
    } else {
      utf8[to++] = (uint8_t)(0xc0 | bytes[i] >> 6);
      utf8[to++] = (uint8_t)(0x80 | (bytes[i] & 0x3f));
    }
  }
  JSValue string = JS_NewStringLen(ctx, (const char *)utf8, length + high);
  js_free(ctx, utf8);
  return string;
}

/* The bytes of such a string, NUL-terminated; NULL with an exception pending. To be freed with JS_FreeCString, where the process
   lives long enough. */
const char *bytes_of_string(JSContext *ctx, JSValueConst value, size_t *length) {
  size_t utf8_length;
  const char *utf8 = JS_ToCStringLen(ctx, &utf8_length, value);
  if (length) *length = utf8_length;
  if (!utf8) return NULL;
  size_t from = 0;
  while (from < utf8_length && (uint8_t)utf8[from] < 0x80) from++;
  if (from == utf8_length) return utf8; /* may be QuickJS' own buffer: read-only */
  char *bytes = (char *)utf8;           /* not ASCII, so QuickJS returned a copy */
  size_t to = from;
  while (from < utf8_length) {
    uint8_t c = (uint8_t)utf8[from++];
    if ((c == 0xc2 || c == 0xc3) && from < utf8_length) c = (uint8_t)(c << 6 | ((uint8_t)utf8[from++] & 0x3f));
    bytes[to++] = (char)c;
  }
  bytes[to] = '\0';
  if (length) *length = to;
  return bytes;
}

/* What QuickJS has inline is large. */
__attribute__((noinline)) static void free_value(JSContext *ctx, JSValue value) { JS_FreeValue(ctx, value); }

bool read_uint(JSContext *ctx, JSValueConst object, const char *name, double most, double *number) {
  JSValue value = JS_GetPropertyStr(ctx, object, name);
  bool failed = JS_ToFloat64(ctx, number, value) != 0; /* as it does for an exception */
  free_value(ctx, value);
  if (failed) return false;
  if (*number >= 0 && *number <= most) return true;
  JS_ThrowRangeError(ctx, "%s", name);
  return false;
}

static bool read_and_free(JSContext *ctx, JSValue value, uint32_t *number) {
  bool read = JS_ToUint32(ctx, number, value) == 0;
  free_value(ctx, value);
  return read;
}

bool read_uint_at(JSContext *ctx, JSValueConst array, uint32_t index, uint32_t *number) {
  return read_and_free(ctx, JS_GetPropertyUint32(ctx, array, index), number);
}

bool read_length(JSContext *ctx, JSValueConst array, uint32_t *length) {
  return read_and_free(ctx, JS_GetPropertyStr(ctx, array, "length"), length);
}

void set_property(JSContext *ctx, JSValueConst object, const char *name, JSValue value) {
  JS_SetPropertyStr(ctx, object, name, value);
}

/* For the return value of a function that makes several values: JS_EXCEPTION if one of them failed. With half
   of the values the script would answer wrongly; if it throws, the last resort answers. */
JSValue unless_exception(JSContext *ctx, JSValue value) {
  if (!JS_HasException(ctx)) return value;
  free_value(ctx, value);
  return JS_EXCEPTION;
}
