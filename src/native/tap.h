/* What the build puts beside the host: one tap's name and its script. */
#ifndef CNI_TAP_TAP_H
#define CNI_TAP_TAP_H

#include <stdint.h>

extern const char tap_name[];        /* "cni_pre" or "cni_post" */
/* QuickJS bytecode: what every call runs, and what few calls need, which leaves a global `rare`. */
extern const uint8_t tap_script[], rare_script[];
extern const uint32_t tap_script_size, rare_script_size;

#endif
