#include "complain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "io.h"
#include "program.h"
#include "values.h"

enum { COMPLAINT_BYTES = 1024 };

_Noreturn static void end_with(const char *why, size_t length) {
  char line[COMPLAINT_BYTES];
  size_t head = (size_t)snprintf(line, sizeof line, "%s: ", program_name);
  if (length > sizeof line - head - 1) length = sizeof line - head - 1;
  memcpy(line + head, why, length);
  for (size_t i = head; i < head + length; i++) /* nothing that a terminal obeys */
    if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) line[i] = ' ';
  line[head + length] = '\n';
  io_complain(line, head + length + 1);
  _exit(1);
}

_Noreturn void last_resort(void) { end_with("failed", 6); }

_Noreturn void complain_of(JSContext *ctx, JSValueConst thrown) {
  static const char no_memory[] = "out of memory"; /* there was none for an error either: QuickJS throws null then */
  size_t length;
  if (JS_IsNull(thrown)) end_with(no_memory, sizeof no_memory - 1);
  const char *text = bytes_of_string(ctx, thrown, &length);
  if (!text) last_resort();
  end_with(text, length);
}
