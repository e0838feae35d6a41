#include "common.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "values.h"

static JSValue host_env(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  const char *name = bytes_of_string(ctx, argv[0], NULL);
  if (!name) return JS_EXCEPTION;
  const char *value = getenv(name);
  JS_FreeCString(ctx, name);
  return value ? string_of_bytes(ctx, (const uint8_t *)value, strlen(value)) : JS_NULL;
}

static JSValue host_is_secret_key(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  size_t length;
  const char *key = bytes_of_string(ctx, argv[0], &length);
  if (!key) return JS_EXCEPTION;
  bool hides = secret_key((const uint8_t *)key, (const uint8_t *)key + length, 0) & HIDES_STRINGS;
  JS_FreeCString(ctx, key);
  return JS_NewBool(ctx, hides);
}

static void push(JSContext *ctx, JSValueConst list, uint32_t *to, const uint8_t *text, const uint8_t *at) {
  JS_SetPropertyUint32(ctx, list, (*to)++, JS_NewUint32(ctx, (uint32_t)(at - text)));
}

static JSValue host_secrets_in(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  size_t length;
  const uint8_t *text = (const uint8_t *)bytes_of_string(ctx, argv[0], &length);
  if (!text) return JS_EXCEPTION;
  struct secret_parts parts = {.text = text, .at = text, .end = text + length, .part = text, .part_end = text + length};
  bool whole = secret_shape(text, text + length, 0);
  JSValue secrets = JS_NULL;
  uint32_t to = 0;
  while (!JS_HasException(ctx) && ((whole && to == 0) || (!whole && secret_next_part(&parts)))) {
    if (to == 0) secrets = JS_NewArray(ctx);
    push(ctx, secrets, &to, text, parts.part);
    push(ctx, secrets, &to, text, parts.part_end);
  }
  JS_FreeCString(ctx, (const char *)text);
  return unless_exception(ctx, secrets);
}

static JSValue host_error_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  int32_t code;
  if (JS_ToInt32(ctx, &code, argv[0]) != 0) return JS_EXCEPTION;
  return JS_NewString(ctx, strerror(code));
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("env", 1, host_env),
    JS_CFUNC_DEF("isSecretKey", 1, host_is_secret_key),
    JS_CFUNC_DEF("secretsIn", 1, host_secrets_in),
    JS_CFUNC_DEF("errorText", 1, host_error_text),
};

void common_define(JSContext *ctx, JSValueConst host) {
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
}
