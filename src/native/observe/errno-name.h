/* The name of an errno, "ENOENT"; "" for one without a name. */
#ifndef CNI_TAP_OBSERVE_ERRNO_NAME_H
#define CNI_TAP_OBSERVE_ERRNO_NAME_H

const char *errno_name(int number);

#endif
