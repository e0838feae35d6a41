/* cni_wrap: runs the script, which has the plugin run, and has it run without the script where that gives no answer. */
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "engine.h"
#include "guard.h"
#include "io.h"
#include "relay.h"
#include "snapshot.h"

int main(int argc, char **argv) {
  int exit_code;
  if (argc == 2 && !engine_is_prepared() && strcmp(argv[1], "--write-snapshot") == 0) return snapshot_write();
  guard_arm();
  io_open_standard();
  if ((engine_is_prepared() || engine_prepare()) && engine_call(&exit_code)) {
    if (child_state == CHILD_ENDED) child_end_alike(relay_lost);
    _exit(exit_code);
  }
  last_resort();
}
