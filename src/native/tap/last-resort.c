/* Answers when the script does not. This is the only policy of a tap that is not in the script. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "guard.h"
#include "io.h"
#include "policy.h"

static struct scan_result result; /* mostly untouched memory: no secrets are searched */
static const struct scan_request request = {
    .names = {"cniVersion", "prevResult"}, .name_count = 2, .depth_limit = INPUT_LEVELS_MOST};

_Noreturn void last_resort(void) {
  static volatile bool entered = false;
  const char *command = getenv("CNI_COMMAND");
  if (!command) command = "";
  bool add = strcmp(command, "ADD") == 0, check = strcmp(command, "CHECK") == 0, version = strcmp(command, "VERSION") == 0;
  if (io_output_begun) _exit(io_exit_code);
  if (entered) _exit(add || check || version ? 1 : 0);
  entered = true;
  guard_stop_clock();
  answer_complain();
  if (!add && !check && !version) _exit(0);

  bool readable = (!version || !isatty(0)) && answer_read(&request, &result);
  if (version) answer_version(readable ? &result : NULL);
  const char *id = getenv("CNI_CONTAINERID");
  if (!id || !*id) answer_error(readable ? &result : NULL, ERROR_NO_CONTAINER_ID);
  if (!readable) answer_error(NULL, ERROR_STDIN_NOT_JSON);
  if (check) _exit(0);
  struct scan_span previous = result.member[1];
  if (previous.end != 0 && input.text[previous.start] != 'n') answer_result(previous);
  answer_empty_result(&result);
}
