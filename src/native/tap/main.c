/* cni_pre and cni_post: runs the script, and answers without it where it gives no answer. */
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "guard.h"
#include "io.h"
#include "program.h"
#include "snapshot.h"

const JSCFunctionListEntry program_functions[] = {0};
const int program_function_count = 0;
void program_intrinsics(JSContext *ctx) { (void)ctx; }

int main(int argc, char **argv) {
  int exit_code;
  if (argc == 2 && !engine_is_prepared() && strcmp(argv[1], "--write-snapshot") == 0) return snapshot_write();
  guard_arm();
  io_open_standard();
  if ((engine_is_prepared() || engine_prepare()) && engine_call(&exit_code)) _exit(exit_code);
  last_resort();
}
