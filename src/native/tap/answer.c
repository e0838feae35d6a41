#include "answer.h"

#include <string.h>
#include <unistd.h>

#include "io.h"
#include "policy.h"
#include "program.h"

static const char supported[] = "\"supportedVersions\":[" CNI_VERSIONS;
static const char latest[] = "\"" LATEST_CNI_VERSION "\"";

static struct iovec own(const char *text) { return (struct iovec){(void *)text, strlen(text)}; }

static struct iovec slice(struct scan_span span) { return (struct iovec){input.text + span.start, span.end - span.start}; }

_Noreturn static void answer(struct iovec *piece, int pieces, int exit_code) {
  _exit(io_write_output(piece, pieces) == 0 ? exit_code : 1);
}

/* The version that the request has, of no bytes where it has none. */
static struct iovec version_of(const struct scan_result *result) {
  struct scan_span given = result ? result->member[0] : (struct scan_span){0};
  return given.end != 0 && input.text[given.start] == '"' ? slice(given) : own("");
}

void answer_complain(void) {
  char complaint[64] = "";
  strncat(complaint, program_name, sizeof complaint - 32);
  strcat(complaint, ": tap script failed\n");
  io_complain(complaint, strlen(complaint));
}

bool answer_read(const struct scan_request *request, struct scan_result *result) {
  io_read_input(INPUT_BYTES_MOST);
  scan_json(input.text, input.length, request, result);
  return result->error == SCAN_OK && !input.too_long && input.error == 0;
}

void answer_version(const struct scan_result *result) {
  struct iovec given = version_of(result);
  bool asked = given.iov_len > 2; /* "" asks for none, as in the script */
  bool known = !asked || memmem(supported, sizeof supported - 1, given.iov_base, given.iov_len);
  struct iovec reply[] = {own("{\"cniVersion\":"), asked ? given : own(latest), own(","), own(supported), own(known ? "" : ","),
                          known ? own("") : given, own("]}")};
  answer(reply, 7, 0);
}

void answer_error(const struct scan_result *result, const char *tail) {
  struct iovec given = version_of(result);
  struct iovec reply[] = {own("{\"cniVersion\":"), given.iov_len ? given : own(latest), own(tail)};
  answer(reply, 3, 1);
}

void answer_result(struct scan_span span) {
  struct iovec reply[] = {slice(span)};
  answer(reply, 1, 0);
}

void answer_empty_result(const struct scan_result *result) {
  struct iovec given = version_of(result);
  struct iovec reply[] = {own(given.iov_len ? "{\"cniVersion\":" : "{"), given, own("}")};
  answer(reply, 3, 0);
}
