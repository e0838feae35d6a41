#include "texts.h"

#include <string.h>

#include "arena.h"
#include "secret.h"
#include "values.h"

#define FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)

enum { ESCAPED_MOST = 6 /* \u0000 */ };

FUNCTION(host_is_plain) {
  (void)this, (void)argc;
  size_t length, i = 0;
  const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  while (i < length && text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\') i++;
  JS_FreeCString(ctx, text);
  return JS_NewBool(ctx, i == length);
}

/* An element of a list of byte strings, to be freed; NULL with an exception pending. */
static const char *text_at(JSContext *ctx, JSValueConst list, uint32_t index, size_t *length) {
  JSValue value = JS_GetPropertyUint32(ctx, list, index);
  const char *text = JS_IsException(value) ? NULL : bytes_of_string(ctx, value, length);
  JS_FreeValue(ctx, value);
  return text;
}

static bool is_secret(const uint8_t *text, size_t length, bool is_key) {
  struct secret_parts parts = {.text = text, .at = text, .end = text + length};
  if (is_key && secret_key(text, text + length, 0) & HIDES_STRINGS) return true;
  return secret_shape(text, text + length, 0) || secret_next_part(&parts);
}

FUNCTION(host_any_secret) {
  (void)this, (void)argc;
  uint32_t count, pairs;
  bool any = false;
  if (!read_length(ctx, argv[0], &count) || JS_ToUint32(ctx, &pairs, argv[1]) != 0) return JS_EXCEPTION;
  for (uint32_t i = 0; i < count && !any; i++) {
    size_t length;
    const char *text = text_at(ctx, argv[0], i, &length);
    if (!text) return JS_EXCEPTION;
    any = is_secret((const uint8_t *)text, length, i >= pairs && (i - pairs) % 2 == 0);
    JS_FreeCString(ctx, text);
  }
  return JS_NewBool(ctx, any);
}

static struct {
  uint8_t *bytes;
  size_t length, room;
} joined;

static bool make_room(size_t more) {
  size_t need = joined.length + more, room = need > 2 * joined.room ? need : 2 * joined.room;
  if (need <= joined.room) return true;
  uint8_t *larger = arena_resize(joined.bytes, room);
  if (!larger) return false;
  joined.bytes = larger;
  joined.room = room;
  return true;
}

/* As JSON.stringify has it: short escapes where there are any, and U+007F to U+00FF as they are. */
static uint8_t *quote(uint8_t *to, const uint8_t *text, size_t length) {
  static const char digits[] = "0123456789abcdef", shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
  *to++ = '"';
  for (size_t i = 0; i < length; i++) {
    uint8_t c = text[i];
    if (c >= ' ' && c != '"' && c != '\\') {
      *to++ = c;
      continue;
    }
    *to++ = '\\';
    size_t at = 0;
    while (at + 1 < sizeof shorts && shorts[at] != (char)c) at += 2;
    if (at + 1 < sizeof shorts) {
      *to++ = (uint8_t)shorts[at + 1];
      continue;
    }
    memcpy(to, "u00", 3);
    to[3] = (uint8_t)digits[c >> 4];
    to[4] = (uint8_t)digits[c & 15];
    to += 5;
  }
  *to++ = '"';
  return to;
}

FUNCTION(host_json_text) {
  enum { KEPT_BYTES = 64 * 1024 };
  (void)this, (void)argc;
  uint32_t count;
  joined.length = 0;
  if (!read_length(ctx, argv[0], &count)) return JS_EXCEPTION;
  for (uint32_t i = 0; i < count; i++) {
    size_t length;
    const char *text = text_at(ctx, argv[0], i, &length);
    if (!text) return JS_EXCEPTION;
    bool fits = make_room(i % 2 == 0 ? length : ESCAPED_MOST * length + 2);
    uint8_t *to = fits ? joined.bytes + joined.length : NULL;
    if (fits && i % 2 == 0) memcpy(to, text, length);
    if (fits) joined.length += i % 2 == 0 ? length : (size_t)(quote(to, (const uint8_t *)text, length) - to);
    JS_FreeCString(ctx, text);
    if (!fits) return JS_ThrowOutOfMemory(ctx);
  }
  JSValue line = string_of_bytes(ctx, joined.bytes, joined.length);
  if (joined.room > KEPT_BYTES) { /* after a line of unusual length */
    arena_give_back(joined.bytes);
    joined.bytes = NULL;
    joined.room = 0;
  }
  return line;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("isPlain", 1, host_is_plain),
    JS_CFUNC_DEF("anySecret", 2, host_any_secret),
    JS_CFUNC_DEF("jsonText", 1, host_json_text),
};

void texts_define(JSContext *ctx, JSValueConst host) {
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
}
