/* The lower bound: the system calls of a tap for an ADD, with its io.c and log.c, without JavaScript and
   without the scan. It finds prevResult by its name, checks nothing and hides nothing. With WHOLE_INPUT it
   logs the request like cni_pre, else prevResult like cni_post. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "log.h"

/* The length of the object at text. Counts brackets, skips strings. */
static size_t object_length(const uint8_t *text, size_t most) {
  size_t depth = 0;
  int quoted = 0;
  for (size_t i = 0; i < most; i++) {
    if (quoted) {
      if (text[i] == '\\') i++;
      else if (text[i] == '"') quoted = 0;
    } else if (text[i] == '"') quoted = 1;
    else if (text[i] == '{') depth++;
    else if (text[i] == '}' && --depth == 0) return i + 1;
  }
  return 0;
}

int main(void) {
  static char head[4096];
  io_open_standard();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  io_read_input(64 * 1024 * 1024);
  const char *id = getenv("CNI_CONTAINERID"), *log_file = getenv("BENCH_LOG"), *lock_file = getenv("BENCH_LOCK");
  const uint8_t *end = input.text + input.length, *at = memmem(input.text, input.length, "\"prevResult\":", 13);
  if (!at || !id || !log_file || !lock_file) return 1;
  at += 13;
  struct iovec result = {(void *)at, object_length(at, (size_t)(end - at))};
#ifdef WHOLE_INPUT
  const struct iovec logged = {input.text, input.length};
#else
  const struct iovec logged = result;
#endif
  strcat(strcat(strcat(head, "CNI_COMMAND=ADD,CNI_CONTAINERID="), id), ",payload=");
  struct iovec line[] = {{0}, {head, strlen(head)}, logged, {"\n", 1}};
  struct faults faults = {0};
  struct log_request request = {log_file, lock_file, 200, 0};
  if (!log_append(&request, line, 4, &faults)) return 1;
  _exit(io_write_output(&result, 1));
}
