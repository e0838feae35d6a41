/* cnitap-observe: runs the script, which waits for a runtime's events for as long as it likes. */
#include <signal.h>
#include <unistd.h>

#include "complain.h"
#include "engine.h"
#include "functions.h"
#include "guard.h"
#include "io.h"
#include "streams.h"
#include "writer.h"

int main(int argc, char **argv) {
  int exit_code;
  guard_arm();
  guard_stop_clock();
  io_open_standard();
  signal(SIGCHLD, SIG_IGN); /* a writer that ends leaves nothing behind */
  for (int number = 0; number < WRITERS; number++) writer_start(number); /* while there is nothing they would inherit */
  streams_watch_signals();
  functions_begin(argc, argv);
  if (engine_prepare() && engine_call(&exit_code)) _exit(exit_code);
  functions_failed();
}
