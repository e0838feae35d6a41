#include "messages.h"

#include "bytes.h"
#include "fields.h"
#include "values.h"

static bool read_path(JSContext *ctx, JSValueConst list, struct field_path *path) {
  if (!read_length(ctx, list, &path->length)) return false;
  for (uint32_t i = 0; i < path->length && path->length <= FIELD_DEPTH_MOST; i++) {
    if (!read_uint_at(ctx, list, i, (uint32_t *)&path->number[i])) return false;
    if (path->number[i] == 0 || (path->number[i] < 0 && i + 1 < path->length)) path->length = 0;
  }
  if (path->length > 0 && path->length <= FIELD_DEPTH_MOST) return true;
  JS_ThrowRangeError(ctx, "field path");
  return false;
}

FUNCTION(host_field_paths) {
  (void)this, (void)argc;
  static struct field_path path[FIELD_PATHS_MOST];
  uint32_t paths;
  if (!read_length(ctx, argv[0], &paths)) return JS_EXCEPTION;
  if (paths > FIELD_PATHS_MOST) return JS_ThrowRangeError(ctx, "field paths");
  for (uint32_t i = 0; i < paths; i++) {
    JSValue list = JS_GetPropertyUint32(ctx, argv[0], i);
    bool read = !JS_IsException(list) && read_path(ctx, list, &path[i]);
    JS_FreeValue(ctx, list);
    if (!read) return JS_EXCEPTION;
  }
  int set = fields_define(path, paths);
  return set < 0 ? JS_ThrowRangeError(ctx, "field paths") : JS_NewInt32(ctx, set);
}

static bool read_set(JSContext *ctx, JSValueConst value, int32_t *set) {
  if (JS_ToInt32(ctx, set, value) != 0) return false;
  if (fields_defined(*set)) return true;
  JS_ThrowRangeError(ctx, "field paths");
  return false;
}

/* Bytes, start and end, as they are in argv[0] to argv[2]. */
static bool read_slice(JSContext *ctx, JSValueConst *argv, struct bytes *bytes, uint32_t *start, uint32_t *end) {
  if (JS_ToUint32(ctx, start, argv[1]) != 0 || JS_ToUint32(ctx, end, argv[2]) != 0) return false;
  if (!bytes_take(ctx, argv[0], bytes)) return false;
  if (*start <= *end && *end <= bytes->length && *end <= INT32_MAX) return true;
  bytes_free(ctx, bytes);
  JS_ThrowRangeError(ctx, "slice");
  return false;
}

static int32_t found; /* in fields_spans */

FUNCTION(host_fields) {
  (void)this, (void)argc;
  struct bytes bytes;
  uint32_t start, end;
  int32_t set;
  found = 0;
  if (!read_set(ctx, argv[3], &set) || !read_slice(ctx, argv, &bytes, &start, &end)) return JS_EXCEPTION;
  int32_t fields = fields_find(bytes.at, start, end, set);
  bytes_free(ctx, &bytes);
  if (fields == FIELDS_NO_MEMORY) return JS_ThrowOutOfMemory(ctx);
  if (fields > 0) found = fields;
  return JS_NewInt32(ctx, fields);
}

FUNCTION(host_spans) {
  (void)this, (void)argc, (void)argv;
  return bytes_array(ctx, fields_spans, (size_t)found * 3 * sizeof *fields_spans, JS_TYPED_ARRAY_INT32);
}

FUNCTION(host_text) {
  (void)this, (void)argc;
  struct bytes bytes;
  uint32_t start, end;
  if (!read_slice(ctx, argv, &bytes, &start, &end)) return JS_EXCEPTION;
  bool fit = !JS_ToBool(ctx, argv[3]) || fields_utf8(bytes.at + start, bytes.at + end);
  JSValue text = fit ? string_of_bytes(ctx, bytes.at + start, end - start) : JS_ThrowTypeError(ctx, "not UTF-8");
  bytes_free(ctx, &bytes);
  return text;
}

/* Start and end of each part; NULL with an exception pending. */
static uint32_t *read_parts(JSContext *ctx, JSValueConst list, size_t most, uint32_t *count, size_t *all) {
  if (!read_length(ctx, list, count)) return NULL;
  uint32_t *part = js_malloc(ctx, (*count + 1) * sizeof *part);
  if (!part) return NULL;
  bool read = true;
  *all = 0;
  for (uint32_t i = 0; read && i < *count; i++) {
    read = read_uint_at(ctx, list, i, &part[i]);
    if (read && (part[i] > most || (i % 2 && part[i] < part[i - 1]) || *count % 2)) {
      JS_ThrowRangeError(ctx, "spans");
      read = false;
    }
    if (read && i % 2) *all += part[i] - part[i - 1];
  }
  if (read) return part;
  js_free(ctx, part);
  return NULL;
}

FUNCTION(host_keep) {
  (void)this, (void)argc;
  struct bytes bytes;
  uint32_t count;
  size_t all;
  int32_t set;
  if (!read_set(ctx, argv[2], &set) || !bytes_take(ctx, argv[0], &bytes)) return JS_EXCEPTION;
  uint32_t *part = read_parts(ctx, argv[1], bytes.length, &count, &all);
  uint8_t *kept = part ? js_malloc(ctx, all + 1) : NULL, *to = kept;
  for (uint32_t i = 0; to && i < count; i += 2) to = fields_keep(to, bytes.at + part[i], bytes.at + part[i + 1], set);
  JSValue record = !kept ? JS_EXCEPTION : to ? string_of_bytes(ctx, kept, (size_t)(to - kept)) : JS_NULL;
  js_free(ctx, kept);
  js_free(ctx, part);
  bytes_free(ctx, &bytes);
  return record;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("fieldPaths", 1, host_field_paths),
    JS_CFUNC_DEF("fields", 4, host_fields),
    JS_CFUNC_DEF("spans", 0, host_spans),
    JS_CFUNC_DEF("text", 4, host_text),
    JS_CFUNC_DEF("keep", 3, host_keep),
};

void messages_define(JSContext *ctx, JSValueConst host) {
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
}
