/* The second part of the script: the YAML parser, evaluated when somebody needs it. */
#ifndef CNI_TAP_OBSERVE_YAML_H
#define CNI_TAP_OBSERVE_YAML_H

#include <stdint.h>

extern const uint8_t program_yaml[];
extern const uint32_t program_yaml_size;

#endif
