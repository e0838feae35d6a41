/* The build generates these for each program: its name and scripts. */
#ifndef CNI_TAP_PROGRAM_H
#define CNI_TAP_PROGRAM_H

#include <stdint.h>

extern const char program_name[]; /* "cni_pre" */
extern const char program_mark[]; /* identifies program and version when the file is read */
/* QuickJS bytecode: what every call runs, and what few calls need, which sets a global `deferred`. */
extern const uint8_t program_script[], deferred_script[];
extern const uint32_t program_script_size, deferred_script_size;

#endif
