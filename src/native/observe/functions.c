#include "functions.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "bytes.h"
#include "common.h"
#include "complain.h"
#include "errno-name.h"
#include "host.h"
#include "messages.h"
#include "policy.h"
#include "program.h"
#include "streams.h"
#include "texts.h"
#include "values.h"
#include "writer.h"
#include "yaml.h"

enum { REJECTIONS_MOST = 32 };

static int arg_count;
static char **args;
static struct timespec begun;
static JSContext *context;
static struct {
  JSValue promise, reason;
} rejected[REJECTIONS_MOST]; /* promises that nobody has asked for their errors */
static int rejections;

void functions_begin(int argc, char **argv) {
  arg_count = argc;
  args = argv;
  clock_gettime(CLOCK_MONOTONIC, &begun);
}

_Noreturn void functions_failed(void) { complain_of(context, context ? JS_GetException(context) : JS_UNDEFINED); }

/* An argument from 0 to `most`; false with an exception pending. */
static bool read_most(JSContext *ctx, JSValueConst value, uint32_t most, uint32_t *number) {
  if (JS_ToUint32(ctx, number, value) != 0) return false;
  if (*number <= most) return true;
  JS_ThrowRangeError(ctx, "number");
  return false;
}

FUNCTION(host_args) {
  (void)this, (void)argc, (void)argv;
  JSValue list = JS_NewArray(ctx);
  for (int i = 0; i < arg_count; i++)
    JS_SetPropertyUint32(ctx, list, (uint32_t)i, string_of_bytes(ctx, (const uint8_t *)args[i], strlen(args[i])));
  return unless_exception(ctx, list);
}

FUNCTION(host_error_name) {
  (void)this, (void)argc;
  int32_t number;
  if (JS_ToInt32(ctx, &number, argv[0]) != 0) return JS_EXCEPTION;
  return JS_NewString(ctx, errno_name(number));
}

FUNCTION(host_is_terminal) {
  (void)this, (void)argc, (void)argv;
  return JS_NewBool(ctx, isatty(2));
}

FUNCTION(host_wall_ms) {
  (void)this, (void)argc, (void)argv;
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return JS_NewFloat64(ctx, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

FUNCTION(host_clock_ms) {
  (void)this, (void)argc, (void)argv;
  struct timespec now = begun;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return JS_NewFloat64(ctx, (double)(now.tv_sec - begun.tv_sec) * 1e3 + (double)(now.tv_nsec - begun.tv_nsec) / 1e6);
}

/* The bytes read, or a negative errno. */
static ssize_t read_file(const char *path, uint8_t *text, size_t most) {
  struct stat stat;
  size_t length = 0;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), error = 0;
  if (fd < 0) return -errno;
  if (fstat(fd, &stat) != 0) error = errno;
  else if (!S_ISREG(stat.st_mode)) error = S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
  while (!error && length < most) {
    ssize_t got = read(fd, text + length, most - length);
    if (got == 0) break;
    if (got > 0) length += (size_t)got;
    else if (errno != EINTR) error = errno;
  }
  close(fd);
  return error ? -error : (ssize_t)length;
}

FUNCTION(host_read_file) {
  (void)this, (void)argc;
  uint32_t most;
  if (!read_most(ctx, argv[1], INPUT_BYTES_MOST, &most)) return JS_EXCEPTION;
  uint8_t *text = arena_take(most);
  if (!text) return JS_ThrowOutOfMemory(ctx);
  const char *path = bytes_of_string(ctx, argv[0], NULL);
  ssize_t length = path ? read_file(path, text, most) : 0;
  JSValue read = length < 0 ? JS_NewInt32(ctx, (int32_t)length) : string_of_bytes(ctx, text, (size_t)length);
  JS_FreeCString(ctx, path);
  arena_give_back(text);
  return unless_exception(ctx, read);
}

FUNCTION(host_file_kind) {
  (void)this, (void)argc;
  struct stat seen;
  const char *path = bytes_of_string(ctx, argv[0], NULL);
  if (!path) return JS_EXCEPTION;
  bool there = stat(path, &seen) == 0;
  JS_FreeCString(ctx, path);
  if (!there) return JS_NULL;
  return JS_NewString(ctx, S_ISSOCK(seen.st_mode) ? "socket" : S_ISDIR(seen.st_mode) ? "directory" : "other");
}

FUNCTION(host_load_yaml) {
  (void)this, (void)argc, (void)argv;
  static bool loaded = false;
  if (loaded) return JS_UNDEFINED;
  JSValue script = JS_ReadObject(ctx, program_yaml, program_yaml_size, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  if (JS_IsException(script)) return script;
  JSValue value = JS_EvalFunction(ctx, script);
  if (JS_IsException(value)) return value;
  JS_FreeValue(ctx, value);
  loaded = true;
  return JS_UNDEFINED;
}

FUNCTION(host_print) {
  (void)this, (void)argc;
  int32_t fd;
  struct bytes text;
  if (JS_ToInt32(ctx, &fd, argv[0]) != 0 || !bytes_take(ctx, argv[1], &text)) return JS_EXCEPTION;
  for (size_t from = 0; from < text.length;) {
    ssize_t put = write(fd, text.at + from, text.length - from);
    if (put >= 0) from += (size_t)put;
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
    else if (errno != EINTR) break;
  }
  bytes_free(ctx, &text);
  return JS_UNDEFINED;
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque) {
  (void)opaque;
  if (!handled) {
    if (rejections == REJECTIONS_MOST) complain_of(ctx, reason);
    rejected[rejections].promise = JS_DupValue(ctx, promise);
    rejected[rejections++].reason = JS_DupValue(ctx, reason);
    return;
  }
  for (int i = 0; i < rejections; i++) {
    if (JS_VALUE_GET_PTR(rejected[i].promise) != JS_VALUE_GET_PTR(promise)) continue;
    JS_FreeValue(ctx, rejected[i].promise);
    JS_FreeValue(ctx, rejected[i].reason);
    rejected[i] = rejected[--rejections];
    return;
  }
}

FUNCTION(host_run_jobs) {
  (void)this, (void)argc, (void)argv;
  JSContext *of_job;
  int ran;
  while ((ran = JS_ExecutePendingJob(JS_GetRuntime(ctx), &of_job)) > 0) {}
  if (ran < 0) complain_of(of_job, JS_GetException(of_job));
  if (rejections > 0) complain_of(ctx, rejected[0].reason);
  return JS_UNDEFINED;
}

FUNCTION(host_collect) {
  (void)this, (void)argc, (void)argv;
  JS_RunGC(JS_GetRuntime(ctx));
  return JS_UNDEFINED;
}

FUNCTION(host_connect) {
  (void)this, (void)argc;
  uint32_t number;
  size_t length;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number)) return JS_EXCEPTION;
  const char *path = bytes_of_string(ctx, argv[1], &length);
  if (!path) return JS_EXCEPTION;
  int error = streams_connect((int)number, path, length);
  JS_FreeCString(ctx, path);
  return JS_NewInt32(ctx, error);
}

FUNCTION(host_adopt) {
  (void)this, (void)argc;
  uint32_t number;
  int32_t fd;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number) || JS_ToInt32(ctx, &fd, argv[1]) != 0) return JS_EXCEPTION;
  return JS_NewInt32(ctx, streams_adopt((int)number, fd));
}

FUNCTION(host_send) {
  (void)this, (void)argc;
  uint32_t number;
  struct bytes bytes;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number) || !bytes_take(ctx, argv[1], &bytes)) return JS_EXCEPTION;
  int error = streams_send((int)number, bytes.at, bytes.length);
  bytes_free(ctx, &bytes);
  return JS_NewInt32(ctx, error);
}

FUNCTION(host_unsent) {
  (void)this, (void)argc;
  uint32_t number;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number)) return JS_EXCEPTION;
  return JS_NewInt64(ctx, (int64_t)streams_unsent((int)number));
}

FUNCTION(host_receive) {
  (void)this, (void)argc;
  uint32_t number;
  const uint8_t *bytes;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number)) return JS_EXCEPTION;
  ssize_t got = streams_receive((int)number, &bytes);
  if (got > 0) return bytes_array(ctx, bytes, (size_t)got, JS_TYPED_ARRAY_UINT8);
  return got == 0 ? JS_NULL : JS_NewInt32(ctx, got == -EAGAIN ? 0 : (int32_t)-got);
}

FUNCTION(host_close) {
  (void)this, (void)argc;
  uint32_t number;
  if (!read_most(ctx, argv[0], STREAMS - 1, &number)) return JS_EXCEPTION;
  streams_close((int)number);
  return JS_UNDEFINED;
}

FUNCTION(host_wait) {
  (void)this, (void)argc;
  uint32_t ms, reading;
  if (!read_most(ctx, argv[0], INT32_MAX, &ms) || JS_ToUint32(ctx, &reading, argv[1]) != 0) return JS_EXCEPTION;
  return JS_NewUint32(ctx, streams_wait((int)ms, reading));
}

/* The string of a property, to be freed, or NULL: null, or an exception is pending. */
static const char *string_property(JSContext *ctx, JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(ctx, object, name);
  const char *string = JS_IsNull(value) || JS_IsException(value) ? NULL : bytes_of_string(ctx, value, NULL);
  JS_FreeValue(ctx, value);
  return string;
}

static bool read_target(JSContext *ctx, JSValueConst target, struct log_request *request) {
  double timeout_ms, max_bytes;
  request->log_file = string_property(ctx, target, "logFile");
  request->lock_file = string_property(ctx, target, "lockFile");
  if (!request->log_file || JS_HasException(ctx)) {
    if (!JS_HasException(ctx)) JS_ThrowTypeError(ctx, "logFile");
    return false;
  }
  if (!read_uint(ctx, target, "lockTimeoutMs", LOCK_TIMEOUT_MS_MOST, &timeout_ms) ||
      !read_uint(ctx, target, "logMaxBytes", LOG_BYTES_MOST, &max_bytes))
    return false;
  request->lock_timeout_ms = (unsigned)timeout_ms;
  request->max_bytes = (uint64_t)max_bytes;
  return true;
}

/* The first `count` lines of a list, which are to be freed; false with an exception pending. */
static bool read_lines(JSContext *ctx, JSValueConst list, struct writer_line *line, uint32_t length, uint32_t *count) {
  for (*count = 0; *count < length; ++*count) {
    size_t bytes;
    JSValue item = JS_GetPropertyUint32(ctx, list, *count);
    line[*count].bytes = JS_IsException(item) ? NULL : (const uint8_t *)bytes_of_string(ctx, item, &bytes);
    JS_FreeValue(ctx, item);
    if (!line[*count].bytes) return false;
    line[*count].length = (uint32_t)bytes;
  }
  return true;
}

FUNCTION(host_write) {
  (void)this, (void)argc;
  uint32_t number, length, count;
  struct log_request request = {0};
  const bool has_target = !JS_IsNull(argv[1]);
  int error = 0;
  if (!read_most(ctx, argv[0], WRITERS - 1, &number) || !read_length(ctx, argv[2], &length)) return JS_EXCEPTION;
  if (has_target != (number == WRITER_LOG)) return JS_ThrowTypeError(ctx, "target");
  struct writer_line *line = js_malloc(ctx, (length + 1) * sizeof *line);
  if (!line) return JS_EXCEPTION;
  bool read = read_lines(ctx, argv[2], line, length, &count);
  if (read && has_target) read = read_target(ctx, argv[1], &request);
  if (read) error = writer_hand((int)number, has_target ? &request : NULL, line, count);
  while (count > 0) JS_FreeCString(ctx, (const char *)line[--count].bytes);
  JS_FreeCString(ctx, request.log_file);
  JS_FreeCString(ctx, request.lock_file);
  js_free(ctx, line);
  return read ? JS_NewInt32(ctx, error) : JS_EXCEPTION;
}

FUNCTION(host_written) {
  (void)this, (void)argc;
  uint32_t number, to = 0;
  struct writer_answer answer;
  if (!read_most(ctx, argv[0], WRITERS - 1, &number)) return JS_EXCEPTION;
  if (!writer_answered((int)number, &answer)) return JS_NULL;
  JSValue list = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, list, to++, JS_NewUint32(ctx, answer.lines));
  for (unsigned i = 0; i < answer.faults.count; i++) {
    JS_SetPropertyUint32(ctx, list, to++, JS_NewInt32(ctx, answer.faults.item[i].code));
    JS_SetPropertyUint32(ctx, list, to++, JS_NewInt32(ctx, answer.faults.item[i].detail));
  }
  return unless_exception(ctx, list);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("args", 0, host_args),
    JS_CFUNC_DEF("errorName", 1, host_error_name),
    JS_CFUNC_DEF("isTerminal", 0, host_is_terminal),
    JS_CFUNC_DEF("wallMs", 0, host_wall_ms),
    JS_CFUNC_DEF("clockMs", 0, host_clock_ms),
    JS_CFUNC_DEF("readFile", 2, host_read_file),
    JS_CFUNC_DEF("fileKind", 1, host_file_kind),
    JS_CFUNC_DEF("loadYaml", 0, host_load_yaml),
    JS_CFUNC_DEF("print", 2, host_print),
    JS_CFUNC_DEF("runJobs", 0, host_run_jobs),
    JS_CFUNC_DEF("collect", 0, host_collect),
    JS_CFUNC_DEF("connect", 2, host_connect),
    JS_CFUNC_DEF("adopt", 2, host_adopt),
    JS_CFUNC_DEF("send", 2, host_send),
    JS_CFUNC_DEF("unsent", 1, host_unsent),
    JS_CFUNC_DEF("receive", 1, host_receive),
    JS_CFUNC_DEF("close", 1, host_close),
    JS_CFUNC_DEF("wait", 2, host_wait),
    JS_CFUNC_DEF("write", 3, host_write),
    JS_CFUNC_DEF("written", 1, host_written),
};

void program_intrinsics(JSContext *ctx) {
  context = ctx;
  JS_AddIntrinsicRegExpCompiler(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
  JS_AddIntrinsicDate(ctx);
  JS_SetHostPromiseRejectionTracker(JS_GetRuntime(ctx), on_rejection, NULL);
}

void host_define(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx), host = JS_NewObject(ctx);
  common_define(ctx, host);
  texts_define(ctx, host);
  messages_define(ctx, host);
  JS_SetPropertyFunctionList(ctx, host, functions, sizeof functions / sizeof *functions);
  JS_SetPropertyStr(ctx, global, "host", host);
  JS_FreeValue(ctx, global);
}
