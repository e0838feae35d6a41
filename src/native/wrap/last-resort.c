/* Has the plugin run when the script does not, without a log. This and the taps' are the only policies that are not in
   scripts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "child.h"
#include "find.h"
#include "guard.h"
#include "io.h"
#include "json-string.h"
#include "policy.h"
#include "relay.h"

enum { NAME_BYTES = 256 /* most of a file's name */, CNI_VERSION = 0, CNI_TAP, TYPE };

static struct scan_result result, settings; /* mostly untouched memory: no secrets are searched */
static const struct scan_request settings_request = {.names = {"type"}, .name_count = 1, .depth_limit = INPUT_LEVELS_MOST};

/* Everything of standard input but its members cniTap, and the plugin's type in place of the last one. */
static int splice_input(struct scan_span plugin_type, struct iovec *piece) {
  const struct scan_span type = result.member[TYPE];
  uint32_t from = 0, cuts = 0;
  int pieces = 0;
  bool replaced = type.end == 0;
  for (;;) {
    const struct scan_span *cut = cuts < result.cut_count ? &result.cut[cuts] : NULL;
    const bool type_next = !replaced && (!cut || type.start < cut->start);
    const uint32_t to = type_next ? type.start : cut ? cut->start : (uint32_t)input.length;
    piece[pieces++] = (struct iovec){input.text + from, to - from};
    if (type_next) {
      piece[pieces++] = (struct iovec){input.text + plugin_type.start, plugin_type.end - plugin_type.start};
      from = type.end;
      replaced = true;
    } else if (cut) {
      from = cut->end;
      cuts++;
    } else {
      return pieces;
    }
  }
}

/* A JSON string as a name; false where it is none of a file. */
static bool decode_name(struct scan_span span, char *name) {
  const uint8_t *p = input.text + span.start + 1, *end = input.text + span.end - 1;
  size_t length = 0;
  while (p < end) {
    int c = string_unit(&p);
    if (length == NAME_BYTES - 1 || c <= 0 || c > 0xff || c == '/') return false;
    name[length++] = (char)c;
  }
  name[length] = '\0';
  return length > 0;
}

_Noreturn static void run(const char *name, struct iovec *piece, int pieces, bool more) {
  const char *path = *name ? find_plugin(name, false) : NULL;
  int error = path ? relay_run(path, piece, pieces, more) : 0;
  if (error == RELAY_UNABLE) child_replace(path, piece, pieces, more);
  if (child_state == CHILD_ENDED) child_end_alike(relay_lost);
  answer_error(result.error == SCAN_OK ? &result : NULL, ERROR_NOT_STARTED);
}

_Noreturn static void run_by_name(const char *command) {
  const char *name = find_started_name();
  if (!*command || strcmp(command, "VERSION") == 0) {
    const char *path = find_plugin(name, false);
    if (path) child_replace(path, NULL, 0, false);
    answer_error(NULL, ERROR_NOT_STARTED);
  }
  io_read_input(INPUT_BYTES_MOST);
  struct iovec whole = {input.text, input.length};
  run(name, &whole, 1, input.too_long || input.error);
}

_Noreturn static void run_from_list(const char *command) {
  static const struct scan_request request = {
      .names = {"cniVersion", "cniTap", "type"}, .name_count = 3, .depth_limit = INPUT_LEVELS_MOST, .cut = true, .cut_name = CNI_TAP};
  static struct iovec piece[2 * SCAN_CUTS + 4];
  char name[NAME_BYTES] = "";
  bool add = strcmp(command, "ADD") == 0, check = strcmp(command, "CHECK") == 0, version = strcmp(command, "VERSION") == 0;
  bool readable = (!version || !isatty(0)) && answer_read(&request, &result);
  if (version) answer_version(readable ? &result : NULL);
  if (!*command) _exit(0);
  if (!readable && (add || check)) answer_error(NULL, ERROR_STDIN_NOT_JSON);
  if (!readable) _exit(0);

  const struct scan_span tap = result.member[CNI_TAP];
  scan_json(input.text + tap.start, tap.end - tap.start, &settings_request, &settings);
  struct scan_span type = {tap.start + settings.member[0].start, tap.start + settings.member[0].end};
  bool named = settings.error == SCAN_OK && settings.member[0].end != 0 && input.text[type.start] == '"';
  if (!named && (strcmp(command, "DEL") == 0 || strcmp(command, "GC") == 0 || strcmp(command, "STATUS") == 0)) _exit(0);
  if (!named) answer_error(&result, ERROR_NO_TYPE);
  if (!decode_name(type, name)) *name = '\0';
  run(name, piece, splice_input(type, piece), false);
}

_Noreturn void last_resort(void) {
  static volatile int entered = 0;
  const char *command = getenv("CNI_COMMAND");
  guard_stop_clock();
  if (child_state != CHILD_NONE) {
    if (entered++ < 2) relay_resume();
    child_end_alike(relay_lost);
  }
  if (io_output_begun) _exit(io_exit_code);
  if (entered++) _exit(1);
  answer_complain();
  if (strcmp(find_started_name(), "cni_wrap") == 0) run_from_list(command ? command : "");
  run_by_name(command ? command : "");
}
