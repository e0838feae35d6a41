/* What cni_wrap adds to the host: src/native/wrap-host.ts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "find.h"
#include "host.h"
#include "io.h"
#include "policy.h"
#include "program.h"
#include "quote.h"
#include "relay.h"
#include "source.h"
#include "values.h"

enum { SOURCE_SETTINGS = SOURCE_INPUT + 1, SOURCE_OUTPUT, SOURCE_QUOTED_OUTPUT, SOURCE_QUOTED_ERRORS, SETTINGS_BYTES_MOST = 64 * 1024, PATH_BYTES = 4096 };

static JSValue started_as(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  const char *name = find_started_name();
  return string_of_bytes(ctx, (const uint8_t *)name, strlen(name));
}

/* The settings' bytes, at most SETTINGS_BYTES_MOST + 1; -1: there is no such file. */
static ssize_t read_settings(uint8_t *text) {
  char path[PATH_BYTES];
  struct stat stat;
  size_t length = 0;
  int fd = find_beside("cni-tap.json", path, sizeof path) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
  if (fd < 0) return -1;
  bool regular = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
  for (ssize_t got = 1; regular && got > 0 && length <= SETTINGS_BYTES_MOST;) {
    got = read(fd, text + length, SETTINGS_BYTES_MOST + 1 - length);
    if (got > 0) length += (size_t)got;
    else if (got < 0 && errno == EINTR) got = 1;
  }
  close(fd);
  return regular ? (ssize_t)length : -1;
}

static JSValue scan_settings(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  static uint8_t text[SETTINGS_BYTES_MOST + 1];
  ssize_t length = read_settings(text);
  if (length < 0) return JS_NULL;
  source[SOURCE_SETTINGS] = (struct source){text, (size_t)length};
  uint32_t base = source_base(SOURCE_SETTINGS);
  return host_scan(ctx, base, base + (uint32_t)length, argv[0], 0);
}

static JSValue scan_object(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  uint32_t start, end;
  if (JS_ToUint32(ctx, &start, argv[0]) != 0 || JS_ToUint32(ctx, &end, argv[1]) != 0) return JS_EXCEPTION;
  return host_scan(ctx, start, end, argv[2], 0);
}

static JSValue input_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  return JS_NewUint32(ctx, (uint32_t)input.length);
}

static JSValue scan_output(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc, (void)argv;
  uint32_t base = source_base(SOURCE_OUTPUT);
  source[SOURCE_OUTPUT] = (struct source){relay_output.head, relay_output.length};
  return host_scan(ctx, base, base + (uint32_t)relay_output.length, JS_NewArray(ctx), HOST_SCAN_EVERYWHERE | HOST_SCAN_ANY_VALUE);
}

static JSValue host_find_plugin(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  const char *name = bytes_of_string(ctx, argv[0], NULL);
  if (!name) return JS_EXCEPTION;
  const char *path = find_plugin(name, JS_ToBool(ctx, argv[1]) == 1);
  return path ? string_of_bytes(ctx, (const uint8_t *)path, strlen(path)) : JS_NULL;
}

/* The path in argv[0], and in argv[1] pieces: for null all of standard input as it came. */
static const char *read_plugin(JSContext *ctx, JSValueConst *argv, struct host_pieces *stdin) {
  static struct iovec whole[1];
  const char *path = bytes_of_string(ctx, argv[0], NULL);
  if (!path) return NULL;
  if (JS_IsNull(argv[1])) {
    whole[0] = (struct iovec){input.text, input.length};
    *stdin = (struct host_pieces){.piece = whole, .count = 1};
    return path;
  }
  if (!host_read_pieces(ctx, argv[1], stdin)) return NULL;
  stdin->piece++, stdin->count--;
  return path;
}

static JSValue host_run_plugin(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct host_pieces stdin;
  const char *path = read_plugin(ctx, argv, &stdin);
  if (!path) return JS_EXCEPTION;
  const bool more = JS_IsNull(argv[1]) && (input.too_long || input.error);
  int error = relay_run(path, stdin.piece, stdin.count, more);
  if (error == RELAY_UNABLE) error = child_replace(path, stdin.piece, stdin.count, more);
  JSValue list = JS_NewArray(ctx);
  const double numbers[] = {error, child_exit_code, child_signal, (double)relay_microseconds, (double)relay_output.total,
                            (double)relay_output.length, (double)relay_errors.total};
  for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    JS_SetPropertyUint32(ctx, list, i, JS_NewFloat64(ctx, numbers[i]));
  return unless_exception(ctx, list);
}

static JSValue host_replace_by_plugin(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  struct host_pieces stdin = {0};
  const char *path = JS_IsNull(argv[1]) ? bytes_of_string(ctx, argv[0], NULL) : read_plugin(ctx, argv, &stdin);
  if (!path) return JS_EXCEPTION;
  return JS_NewInt32(ctx, child_replace(path, stdin.piece, stdin.count, false));
}

/* The last byte of a character at most, so that a cut is between two. */
static size_t whole_characters(const uint8_t *text, size_t length, size_t at) {
  while (at > 0 && at < length && (text[at] & 0xc0) == 0x80 && length - at < length) at--;
  return at;
}

/* At most the first and the last bytes of standard error, and how many there are between them. */
enum { ERRORS_FIRST = 48 * 1024, ERRORS_LAST = 16 * 1024 };

static void add_errors(struct quote *quote, bool redact) {
  const struct capture *errors = &relay_errors;
  struct quote_part first = {.text = errors->head, .length = errors->length, .shown_to = errors->length};
  if (errors->total <= ERRORS_FIRST + ERRORS_LAST) {
    quote_add(quote, &first, redact);
    return;
  }
  const size_t most = errors->length < ERRORS_FIRST ? errors->length : ERRORS_FIRST;
  first.shown_to = whole_characters(first.text, first.length, most);
  quote_add(quote, &first, redact);

  struct quote_part last = {.length = capture_tail(errors, &last.text), .cut = true};
  if (last.length == 0) last = (struct quote_part){.text = first.text, .length = first.length};
  const bool all = errors->tail || errors->total == errors->length; /* else there was no memory for the last bytes */
  last.shown_from = all && last.length > ERRORS_LAST ? whole_characters(last.text, last.length, last.length - ERRORS_LAST) : last.length;
  last.shown_to = last.length;
  char between[64];
  snprintf(between, sizeof between, "[… %llu bytes …]",
           (unsigned long long)(errors->total - first.shown_to - (last.shown_to - last.shown_from)));
  quote_add_own(quote, between);
  quote_add(quote, &last, redact);
}

static JSValue quoted(JSContext *ctx, int number, const struct quote *quote) {
  source[number] = (struct source){quote->text, quote->length};
  JSValue pair = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, pair, 0, JS_NewUint32(ctx, source_base(number)));
  JS_SetPropertyUint32(ctx, pair, 1, JS_NewUint32(ctx, source_base(number) + (uint32_t)quote->length));
  return unless_exception(ctx, pair);
}

/* How much of a line is looked at beyond what is shown of it: what is secret there has its key before it. */
enum { JUDGED_BYTES = 64 * 1024 };

static JSValue quote_output(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  static struct quote quote;
  uint32_t most;
  if (JS_ToUint32(ctx, &most, argv[0]) != 0) return JS_EXCEPTION;
  const struct capture *output = &relay_output;
  struct quote_part part = {.text = output->head, .length = output->length};
  part.shown_to = most < output->length ? whole_characters(output->head, output->length, most) : output->length;
  if (part.length > part.shown_to + JUDGED_BYTES) part.length = part.shown_to + JUDGED_BYTES;
  quote_clear(&quote);
  if (!quote_begin(&quote, part.shown_to)) return JS_NULL;
  quote_add(&quote, &part, JS_ToBool(ctx, argv[1]));
  quote_end(&quote);
  return quoted(ctx, SOURCE_QUOTED_OUTPUT, &quote);
}

static JSValue quote_errors(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)this, (void)argc;
  static struct quote quote;
  quote_clear(&quote);
  if (!quote_begin(&quote, ERRORS_FIRST + ERRORS_LAST)) return JS_NULL;
  add_errors(&quote, JS_ToBool(ctx, argv[0]));
  quote_end(&quote);
  return quoted(ctx, SOURCE_QUOTED_ERRORS, &quote);
}

/* The caller sees the end of the output. The number stays in use: no file is to get it. */
static JSValue close_output(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  (void)ctx, (void)this, (void)argc, (void)argv;
  dup2(2, 1);
  return JS_UNDEFINED;
}

const JSCFunctionListEntry program_functions[] = {
    JS_CFUNC_DEF("startedAs", 0, started_as),
    JS_CFUNC_DEF("scanSettings", 1, scan_settings),
    JS_CFUNC_DEF("scanObject", 3, scan_object),
    JS_CFUNC_DEF("inputBytes", 0, input_bytes),
    JS_CFUNC_DEF("findPlugin", 2, host_find_plugin),
    JS_CFUNC_DEF("replaceByPlugin", 2, host_replace_by_plugin),
    JS_CFUNC_DEF("runPlugin", 2, host_run_plugin),
    JS_CFUNC_DEF("scanOutput", 0, scan_output),
    JS_CFUNC_DEF("quoteOutput", 2, quote_output),
    JS_CFUNC_DEF("quoteErrors", 1, quote_errors),
    JS_CFUNC_DEF("closeOutput", 0, close_output),
};
const int program_function_count = sizeof program_functions / sizeof *program_functions;
void program_intrinsics(JSContext *ctx) { (void)ctx; }
