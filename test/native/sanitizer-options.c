/* Linked into taps that a sanitizer watches: a tap gets no environment but its caller's, so that its options have to
   be part of it. The address sanitizer's reports go to files (SANITIZER_REPORTS.<pid>); the other one knows only stderr.
   Both end the process with 86, which no tap does. */
#define COMMON "log_path=" SANITIZER_REPORTS ":exitcode=86:symbolize=1"

/* The last resort's own handlers stay in charge of signals; the arena is never given back. */
const char *__asan_default_options(void) {
  return COMMON ":handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:detect_leaks=0";
}

const char *__ubsan_default_options(void) { return COMMON ":print_stacktrace=1"; }

#ifdef SANITIZER_CONTROL
/* A fault that a sanitizer must see, or it watches nothing. */
#include <string.h>
__attribute__((constructor)) static void control(void) {
  static char four[4];
  volatile int number = 40;
  if (strcmp(SANITIZER_CONTROL, "address") == 0) memset(four, 1, (size_t)number);
  else number = 1 << number;
}
#endif
