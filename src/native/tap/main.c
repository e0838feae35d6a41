/* cni_pre and cni_post: runs the script, and answers without it where it gives no answer. */
#include <signal.h>

#include "engine.h"
#include "guard.h"
#include "host.h"
#include "io.h"
#include "program.h"

int main(void) {
  io_open_standard();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  guard_arm();
  JSContext *ctx = engine_start();
  if (ctx) {
    host_define(ctx);
    engine_run(ctx, program_script, program_script_size); /* comes back only when the script gave no answer */
  }
  last_resort();
}
