#include "host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "control.h"
#include "io.h"
#include "json-string.h"
#include "log.h"
#include "policy.h"
#include "program.h"
#include "scan.h"
#include "secret.h"
#include "source.h"
#include "values.h"

enum { PIECES_IN_ONE_CALL = 1000 };

static JSValue host_is_terminal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  return JS_NewBool(ctx, isatty(0));
}

static JSValue host_pid(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  return JS_NewInt32(ctx, getpid());
}

static JSValue host_now(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  JSValue pair = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, pair, 0, JS_NewFloat64(ctx, (double)now.tv_sec));
  JS_SetPropertyUint32(ctx, pair, 1, JS_NewInt32(ctx, (int32_t)(now.tv_nsec / 1000)));
  return unless_exception(ctx, pair);
}

/* The names of the members asked for; false with an exception pending. */
static bool read_members(JSContext *ctx, JSValueConst names, struct scan_request *request) {
  if (!read_length(ctx, names, &request->name_count)) return false;
  if (request->name_count > SCAN_MEMBERS) {
    JS_ThrowRangeError(ctx, "members");
    return false;
  }
  for (uint32_t i = 0; i < request->name_count; i++)
    if (!(request->names[i] = bytes_of_string(ctx, JS_GetPropertyUint32(ctx, names, i), NULL))) return false;
  return true;
}

static bool push_number(JSContext *ctx, JSValueConst list, uint32_t *length, uint32_t number) {
  return JS_SetPropertyUint32(ctx, list, (*length)++, JS_NewUint32(ctx, number)) >= 0;
}

static bool push_span(JSContext *ctx, JSValueConst list, uint32_t *length, uint32_t base, struct scan_span span) {
  uint32_t shift = span.end == 0 ? 0 : base;
  return push_number(ctx, list, length, shift + span.start) && push_number(ctx, list, length, shift + span.end);
}

JSValue host_scan(JSContext *ctx, uint32_t start, uint32_t end, JSValueConst names, unsigned how) {
  static struct scan_result scanned;
  static struct scan_request request = {.depth_limit = INPUT_LEVELS_MOST, .secret_limit = SECRETS_MOST};
  struct iovec text;
  if (!read_members(ctx, names, &request)) return JS_EXCEPTION;
  if (!source_slice(start, end, &text)) return JS_ThrowRangeError(ctx, "scan");
  request.cut = how & HOST_SCAN_CUT;
  request.search_everywhere = how & HOST_SCAN_EVERYWHERE;
  request.any_value = how & HOST_SCAN_ANY_VALUE;
  bool is_input = start >> SOURCE_BITS == SOURCE_INPUT;
  if (is_input && (input.error || input.too_long)) {
    scanned.error = input.error ? SCAN_UNREADABLE : SCAN_TOO_LARGE;
    scanned.at = (uint32_t)(input.error ? input.length : INPUT_BYTES_MOST);
  } else {
    scan_json(text.iov_base, text.iov_len, &request, &scanned);
  }
  JSValue scan = JS_NewObject(ctx), members = JS_NewArray(ctx), secrets = JS_NewArray(ctx);
  set_property(ctx, scan, "error", JS_NewInt32(ctx, (int32_t)scanned.error));
  set_property(ctx, scan, "at", JS_NewUint32(ctx, scanned.at));
  set_property(ctx, scan, "rawNewline", JS_NewBool(ctx, scanned.raw_newline));
  set_property(ctx, scan, "overflow", JS_NewBool(ctx, scanned.overflow));
  set_property(ctx, scan, "start", JS_NewUint32(ctx, start + scanned.start));
  set_property(ctx, scan, "end", JS_NewUint32(ctx, start + scanned.end));
  uint32_t to = 0;
  for (uint32_t i = 0; i < request.name_count; i++)
    if (!push_span(ctx, members, &to, start, scanned.member[i])) return JS_EXCEPTION;
  to = 0;
  for (uint32_t i = 0; scanned.error == SCAN_OK && i < scanned.secret_count; i++) {
    const struct scan_secret *secret = &scanned.secret[i];
    if (!push_span(ctx, secrets, &to, start, (struct scan_span){secret->start, secret->end}) ||
        !push_number(ctx, secrets, &to, secret->inner))
      return JS_EXCEPTION;
  }
  if (request.cut) {
    JSValue cuts = JS_NewArray(ctx);
    to = 0;
    for (uint32_t i = 0; i < scanned.cut_count; i++)
      if (!push_span(ctx, cuts, &to, start, scanned.cut[i])) return JS_EXCEPTION;
    set_property(ctx, scan, "cuts", cuts);
  }
  set_property(ctx, scan, "members", members);
  set_property(ctx, scan, "secrets", secrets);
  return unless_exception(ctx, scan);
}

static JSValue host_read_input(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  io_read_input(INPUT_BYTES_MOST);
  source[SOURCE_INPUT] = (struct source){input.text, input.length};
  unsigned how = (JS_ToBool(ctx, argv[1]) == 1 ? HOST_SCAN_EVERYWHERE : 0) | (JS_ToBool(ctx, argv[2]) == 1 ? HOST_SCAN_CUT : 0);
  return host_scan(ctx, 0, (uint32_t)input.length, argv[0], how);
}

static JSValue host_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  uint32_t start, end;
  if (JS_ToUint32(ctx, &start, argv[0]) != 0 || JS_ToUint32(ctx, &end, argv[1]) != 0) return JS_EXCEPTION;
  struct iovec slice;
  if (!source_slice(start, end, &slice)) return JS_ThrowRangeError(ctx, "text");
  return string_of_bytes(ctx, slice.iov_base, slice.iov_len);
}

bool host_read_pieces(JSContext *ctx, JSValueConst list, struct host_pieces *pieces) {
  uint32_t length;
  if (!read_length(ctx, list, &length)) return false;
  pieces->piece = js_malloc(ctx, (length + 1) * (sizeof *pieces->piece + 1));
  if (!pieces->piece) return false;
  pieces->slice = (uint8_t *)(pieces->piece + length + 1);
  pieces->piece[0] = (struct iovec){0};
  pieces->count = 1;
  pieces->bytes = 0;
  for (uint32_t i = 0; i < length; i++) {
    JSValue item = JS_GetPropertyUint32(ctx, list, i);
    struct iovec piece;
    bool own = JS_IsString(item);
    if (own) {
      piece.iov_base = (void *)bytes_of_string(ctx, item, &piece.iov_len);
      if (!piece.iov_base) return false;
    } else {
      uint32_t start, end;
      if (JS_ToUint32(ctx, &start, item) != 0 || !read_uint_at(ctx, list, ++i, &end)) return false;
      if (!source_slice(start, end, &piece)) {
        JS_ThrowRangeError(ctx, "slice");
        return false;
      }
    }
    pieces->slice[pieces->count] = !own;
    pieces->piece[pieces->count++] = piece;
    pieces->bytes += piece.iov_len;
  }
  return true;
}

/* Makes one piece of all: raw CR and LF of slices become spaces (`flatten`), and what a terminal would obey is escaped
   (`escape`, for JSON). */
static bool join_pieces(JSContext *ctx, struct host_pieces *pieces, bool flatten, bool escape) {
  size_t room = pieces->bytes + 1;
  if (escape)
    for (int i = 1; i < pieces->count; i++) room += control_growth(pieces->piece[i].iov_base, pieces->piece[i].iov_len);
  uint8_t *copy = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *to = copy;
  if (copy == MAP_FAILED) {
    JS_ThrowOutOfMemory(ctx);
    return false;
  }
  for (int i = 1; i < pieces->count; i++) {
    const uint8_t *from = pieces->piece[i].iov_base;
    size_t length = pieces->piece[i].iov_len;
    uint8_t *start = to;
    if (escape) {
      to = control_escape(to, from, length);
    } else {
      memcpy(to, from, length);
      to += length;
    }
    if (flatten && pieces->slice[i])
      for (uint8_t *at = start; at < to; at++)
        if (*at == '\n' || *at == '\r') *at = ' ';
  }
  pieces->piece[1] = (struct iovec){copy, (size_t)(to - copy)};
  pieces->count = 2;
  return true;
}

static bool has_control(const struct host_pieces *pieces) {
  for (int i = 1; i < pieces->count; i++)
    if (control_growth(pieces->piece[i].iov_base, pieces->piece[i].iov_len)) return true;
  return false;
}

static JSValue host_append(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct log_request request;
  struct faults faults = {0};
  struct host_pieces pieces;
  double timeout_ms, max_bytes;
  JSValue lock_file = JS_GetPropertyStr(ctx, argv[0], "lockFile");
  request.lock_file = JS_IsNull(lock_file) ? NULL : bytes_of_string(ctx, lock_file, NULL);
  request.log_file = bytes_of_string(ctx, JS_GetPropertyStr(ctx, argv[0], "logFile"), NULL);
  if (!request.log_file || (!request.lock_file && !JS_IsNull(lock_file)) ||
      !read_uint(ctx, argv[0], "lockTimeoutMs", LOCK_TIMEOUT_MS_MOST, &timeout_ms) ||
      !read_uint(ctx, argv[0], "logMaxBytes", LOG_BYTES_MOST, &max_bytes) || !host_read_pieces(ctx, argv[1], &pieces))
    return JS_EXCEPTION;
  bool flatten = JS_ToBool(ctx, argv[2]), escape = JS_ToBool(ctx, argv[3]) && has_control(&pieces);
  if ((flatten || escape || pieces.count > PIECES_IN_ONE_CALL) && !join_pieces(ctx, &pieces, flatten, escape))
    return JS_EXCEPTION;
  request.lock_timeout_ms = (unsigned)timeout_ms;
  request.max_bytes = (uint64_t)max_bytes;
  log_append(&request, pieces.piece, pieces.count, &faults);
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < faults.count; i++) {
    JS_SetPropertyUint32(ctx, list, 2 * i, JS_NewInt32(ctx, faults.item[i].code));
    JS_SetPropertyUint32(ctx, list, 2 * i + 1, JS_NewInt32(ctx, faults.item[i].detail));
  }
  return unless_exception(ctx, list);
}

static JSValue host_reply(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct host_pieces pieces;
  int32_t exit_code;
  if (!host_read_pieces(ctx, argv[0], &pieces) || JS_ToInt32(ctx, &exit_code, argv[1]) != 0) return JS_EXCEPTION;
  int error = io_write_output(pieces.piece, pieces.count);
  if (error == 0) io_exit_code = exit_code;
  io_output_ended = true;
  return JS_NewInt32(ctx, error);
}

static JSValue host_complain(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  size_t length;
  const char *text = bytes_of_string(ctx, argv[0], &length);
  if (!text) return JS_EXCEPTION;
  io_complain(text, length);
  return JS_UNDEFINED;
}

#ifdef TAP_TEST_FAULTS
static JSValue host_raise(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  int32_t number;
  if (JS_ToInt32(ctx, &number, argv[0]) != 0) return JS_EXCEPTION;
  if (number == SIGSEGV) *(volatile int *)(uintptr_t)getpid() = 0; /* an address nobody has */
  raise(number);
  return JS_UNDEFINED;
}
#endif

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("isTerminal", 0, host_is_terminal),
    JS_CFUNC_DEF("pid", 0, host_pid),
    JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("readInput", 3, host_read_input),
    JS_CFUNC_DEF("text", 2, host_text),
    JS_CFUNC_DEF("append", 4, host_append),
    JS_CFUNC_DEF("reply", 2, host_reply),
    JS_CFUNC_DEF("complain", 1, host_complain),
#ifdef TAP_TEST_FAULTS
    JS_CFUNC_DEF("raise", 1, host_raise),
#endif
};

void host_define(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx), host = JS_NewObject(ctx);
  common_define(ctx, host);
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
  JS_SetPropertyFunctionList(ctx, host, program_functions, program_function_count);
  JS_SetPropertyStr(ctx, global, "host", host);
}
