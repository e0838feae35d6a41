/* The taps' machine: QuickJS, and the functions of src/native/native.ts that a script calls. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <quickjs.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "io.h"
#include "last-resort.h"
#include "log.h"
#include "scan.h"
#include "tap.h"
#include "values.h"

enum { PIECES_IN_ONE_CALL = 1000 };

static struct scan_result scanned;

static JSValue host_env(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  const char *name = bytes_of_string(ctx, argv[0], NULL);
  if (!name) return JS_EXCEPTION;
  const char *value = getenv(name);
  return value ? string_of_bytes(ctx, (const uint8_t *)value, strlen(value)) : JS_NULL;
}

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
  return whole(ctx, pair);
}

static bool read_words(JSContext *ctx, JSValueConst object, const char *name, bool ending, struct scan_request *request) {
  uint32_t length;
  JSValue list = JS_GetPropertyStr(ctx, object, name);
  if (!read_length(ctx, list, &length)) return false;
  for (uint32_t i = 0; i < length; i++) {
    const char *word = bytes_of_string(ctx, JS_GetPropertyUint32(ctx, list, i), NULL);
    if (!word) return false;
    if (!scan_add_word(&request->words, word, ending)) {
      JS_ThrowRangeError(ctx, "%s", name);
      return false;
    }
  }
  return true;
}

static bool read_scan_request(JSContext *ctx, JSValueConst object, struct scan_request *request, size_t *byte_limit) {
  double bytes, depth, secrets;
  if (!read_uint(ctx, object, "byteLimit", UINT32_MAX - 1, &bytes) ||
      !read_uint(ctx, object, "depthLimit", SCAN_DEPTH_LIMIT, &depth) ||
      !read_uint(ctx, object, "secretLimit", SCAN_SECRETS, &secrets))
    return false;
  *byte_limit = (size_t)bytes;
  request->depth_limit = (uint32_t)depth;
  request->secret_limit = (uint32_t)secrets;

  JSValue names = JS_GetPropertyStr(ctx, object, "members");
  if (!read_length(ctx, names, &request->name_count)) return false;
  if (request->name_count > SCAN_MEMBERS) {
    JS_ThrowRangeError(ctx, "members");
    return false;
  }
  for (uint32_t i = 0; i < request->name_count; i++)
    if (!(request->names[i] = bytes_of_string(ctx, JS_GetPropertyUint32(ctx, names, i), NULL))) return false;
  return read_words(ctx, object, "words", false, request) && read_words(ctx, object, "endings", true, request);
}

static JSValue host_read_input(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  static struct scan_request request;
  size_t byte_limit;
  if (!read_scan_request(ctx, argv[0], &request, &byte_limit)) return JS_EXCEPTION;
  io_read_input(byte_limit);
  if (input.error || input.too_long) {
    scanned.error = input.error ? SCAN_UNREADABLE : SCAN_TOO_LARGE;
    scanned.at = (uint32_t)(input.error ? input.length : byte_limit);
  } else {
    scan_json(input.text, input.length, &request, &scanned);
  }
  JSValue scan = JS_NewObject(ctx), members = JS_NewArray(ctx), secrets = JS_NewArray(ctx);
  set(ctx, scan, "error", JS_NewInt32(ctx, (int32_t)scanned.error));
  set(ctx, scan, "at", JS_NewUint32(ctx, scanned.at));
  set(ctx, scan, "rawNewline", JS_NewBool(ctx, scanned.raw_newline));
  set(ctx, scan, "overflow", JS_NewBool(ctx, scanned.overflow));
  set(ctx, scan, "start", JS_NewUint32(ctx, scanned.start));
  set(ctx, scan, "end", JS_NewUint32(ctx, scanned.end));
  uint32_t to = 0;
  for (uint32_t i = 0; i < request.name_count; i++) {
    JS_SetPropertyUint32(ctx, members, to++, JS_NewUint32(ctx, scanned.member[i].start));
    JS_SetPropertyUint32(ctx, members, to++, JS_NewUint32(ctx, scanned.member[i].end));
  }
  to = 0;
  for (uint32_t i = 0; scanned.error == SCAN_OK && i < scanned.secret_count; i++) {
    if (JS_SetPropertyUint32(ctx, secrets, to++, JS_NewUint32(ctx, scanned.secret[i].start)) < 0 ||
        JS_SetPropertyUint32(ctx, secrets, to++, JS_NewUint32(ctx, scanned.secret[i].end)) < 0)
      return JS_EXCEPTION;
  }
  set(ctx, scan, "members", members);
  set(ctx, scan, "secrets", secrets);
  return whole(ctx, scan);
}

static JSValue host_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  uint32_t start, end;
  if (JS_ToUint32(ctx, &start, argv[0]) != 0 || JS_ToUint32(ctx, &end, argv[1]) != 0) return JS_EXCEPTION;
  if (start > end || end > input.length) return JS_ThrowRangeError(ctx, "text");
  return string_of_bytes(ctx, input.text + start, end - start);
}

struct pieces {
  struct iovec *piece; /* piece[0] is kept free */
  int count;           /* with the free one */
  size_t bytes;
};

/* A list of pieces: a string is the script's own, two numbers are a slice of standard input. Slices are the parts
   whose CR and LF become spaces when the line is built anew. */
static bool read_pieces(JSContext *ctx, JSValueConst list, struct pieces *pieces, bool flatten) {
  uint32_t length;
  if (!read_length(ctx, list, &length)) return false;
  pieces->piece = js_malloc(ctx, (length + 1) * sizeof *pieces->piece);
  if (!pieces->piece) return false;
  pieces->piece[0] = (struct iovec){0};
  pieces->count = 1;
  pieces->bytes = 0;
  uint8_t *copy = NULL;
  for (int pass = 0; pass < 2; pass++) {
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
        if (start > end || end > input.length) {
          JS_ThrowRangeError(ctx, "slice");
          return false;
        }
        piece = (struct iovec){input.text + start, end - start};
      }
      if (copy) {
        memcpy(copy, piece.iov_base, piece.iov_len);
        if (!own && flatten)
          for (size_t b = 0; b < piece.iov_len; b++)
            if (copy[b] == '\n' || copy[b] == '\r') copy[b] = ' ';
        copy += piece.iov_len;
      } else {
        pieces->piece[pieces->count++] = piece;
        pieces->bytes += piece.iov_len;
      }
    }
    if (copy || (!flatten && pieces->count <= PIECES_IN_ONE_CALL)) break;
    copy = mmap(NULL, pieces->bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) {
      JS_ThrowOutOfMemory(ctx);
      return false;
    }
    pieces->piece[1] = (struct iovec){copy, pieces->bytes};
    pieces->count = 2;
  }
  return true;
}

static JSValue host_append(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct log_request request;
  struct faults faults = {0};
  struct pieces pieces;
  double timeout_ms, max_bytes;
  JSValue lock_file = JS_GetPropertyStr(ctx, argv[0], "lockFile");
  request.lock_file = JS_IsNull(lock_file) ? NULL : bytes_of_string(ctx, lock_file, NULL);
  request.log_file = bytes_of_string(ctx, JS_GetPropertyStr(ctx, argv[0], "logFile"), NULL);
  if (!request.log_file || (!request.lock_file && !JS_IsNull(lock_file)) ||
      !read_uint(ctx, argv[0], "lockTimeoutMs", 60000, &timeout_ms) ||
      !read_uint(ctx, argv[0], "logMaxBytes", 9007199254740992.0, &max_bytes) ||
      !read_pieces(ctx, argv[1], &pieces, JS_ToBool(ctx, argv[2])))
    return JS_EXCEPTION;
  request.lock_timeout_ms = (unsigned)timeout_ms;
  request.max_bytes = (uint64_t)max_bytes;
  log_append(&request, pieces.piece, pieces.count, &faults);
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < faults.count; i++) {
    JS_SetPropertyUint32(ctx, list, 2 * i, JS_NewInt32(ctx, faults.item[i].code));
    JS_SetPropertyUint32(ctx, list, 2 * i + 1, JS_NewInt32(ctx, faults.item[i].detail));
  }
  return whole(ctx, list);
}

static JSValue host_reply(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct pieces pieces;
  int32_t exit_code;
  if (!read_pieces(ctx, argv[0], &pieces, false) || JS_ToInt32(ctx, &exit_code, argv[1]) != 0) return JS_EXCEPTION;
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

static JSValue host_error_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  int32_t code;
  if (JS_ToInt32(ctx, &code, argv[0]) != 0) return JS_EXCEPTION;
  return JS_NewString(ctx, strerror(code));
}

static JSValue run_bytecode(JSContext *ctx, const uint8_t *bytecode, size_t length) {
  JSValue script = JS_ReadObject(ctx, bytecode, length, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  return JS_IsException(script) ? script : JS_EvalFunction(ctx, script);
}

static JSValue host_rare(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  JSValue global = JS_GetGlobalObject(ctx), rare = JS_GetPropertyStr(ctx, global, "rare");
  if (!JS_IsUndefined(rare)) return rare;
  if (JS_IsException(run_bytecode(ctx, rare_script, rare_script_size))) return JS_EXCEPTION;
  return JS_GetPropertyStr(ctx, global, "rare");
}

static JSValue host_exit(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  int32_t code;
  if (JS_ToInt32(ctx, &code, argv[0]) != 0) return JS_EXCEPTION;
  _exit(code);
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
    JS_CFUNC_DEF("env", 1, host_env),
    JS_CFUNC_DEF("isTerminal", 0, host_is_terminal),
    JS_CFUNC_DEF("pid", 0, host_pid),
    JS_CFUNC_DEF("now", 0, host_now),
    JS_CFUNC_DEF("readInput", 1, host_read_input),
    JS_CFUNC_DEF("text", 2, host_text),
    JS_CFUNC_DEF("append", 3, host_append),
    JS_CFUNC_DEF("reply", 2, host_reply),
    JS_CFUNC_DEF("complain", 1, host_complain),
    JS_CFUNC_DEF("errorText", 1, host_error_text),
    JS_CFUNC_DEF("exit", 1, host_exit),
    JS_CFUNC_DEF("rare", 0, host_rare),
#ifdef TAP_TEST_FAULTS
    JS_CFUNC_DEF("raise", 1, host_raise),
#endif
};

static void *take(JSMallocState *state, size_t size) {
  (void)state;
  return arena_take(size);
}

static void give_back(JSMallocState *state, void *block) {
  (void)state;
  arena_give_back(block);
}

static void *resize(JSMallocState *state, void *block, size_t size) {
  (void)state;
  return arena_resize(block, size);
}

static const JSMallocFunctions arena = {take, give_back, resize, arena_size};

/* Half of the stack there is, 256 KB at most: QuickJS's default overruns a small one. */
static size_t stack_for_script(void) {
  struct rlimit limit;
  size_t most = 256 * 1024;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur / 2 < most) most = (size_t)limit.rlim_cur / 2;
  return most;
}

static void run_script(void) {
  JSRuntime *runtime = JS_NewRuntime2(&arena, NULL);
  if (!runtime) return;
  JS_SetGCThreshold(runtime, (size_t)-1);
  JS_SetMaxStackSize(runtime, stack_for_script());
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (!ctx) return;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicJSON(ctx);
  JSValue global = JS_GetGlobalObject(ctx), host = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
  JS_SetPropertyStr(ctx, global, "host", host);
  run_bytecode(ctx, tap_script, tap_script_size);
}

int main(void) {
  io_open_standard();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  last_resort_arm();
  run_script(); /* comes back only when the script gave no answer */
  last_resort();
}
