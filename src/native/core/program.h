/* What the build puts beside the core: one program's name and its scripts. */
#ifndef CNI_TAP_PROGRAM_H
#define CNI_TAP_PROGRAM_H

#include <stdint.h>

extern const char program_name[]; /* "cni_pre" */
extern const char program_mark[]; /* tells a reader of the file which program and version it is */
/* QuickJS bytecode: what every call runs, and what few calls need, which leaves a global `deferred`. */
extern const uint8_t program_script[], deferred_script[];
extern const uint32_t program_script_size, deferred_script_size;

#endif
