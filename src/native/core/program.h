/* What the build puts beside the core: one program's name and its script. */
#ifndef CNI_TAP_PROGRAM_H
#define CNI_TAP_PROGRAM_H

#include <quickjs.h>
#include <stdint.h>

extern const char program_name[]; /* "cni_pre" */
extern const char program_mark[]; /* tells a reader of the file which program and version it is */
/* QuickJS bytecode, which leaves a global `start`: a function that gives the exit code. */
extern const uint8_t program_script[];
extern const uint32_t program_script_size;
/* What the program adds to the host (host.h). */
extern const JSCFunctionListEntry program_functions[];
extern const int program_function_count;

/* Adds what the program's script needs of JavaScript beyond base objects and JSON. */
void program_intrinsics(JSContext *ctx);

#endif
