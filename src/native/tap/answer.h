/* Answers to calls, without the script. */
#ifndef CNI_TAP_ANSWER_H
#define CNI_TAP_ANSWER_H

#include <stdbool.h>

#include "scan.h"

/* Says once that the script failed. */
void answer_complain(void);

/* Reads and scans standard input. The first member asked for is cniVersion. False: it is no request. */
bool answer_read(const struct scan_request *request, struct scan_result *result);

/* Each writes to standard output and ends the process. `result` is NULL for a request that cannot be read. */
_Noreturn void answer_version(const struct scan_result *result);
_Noreturn void answer_error(const struct scan_result *result, const char *tail);
_Noreturn void answer_result(struct scan_span span);
_Noreturn void answer_empty_result(const struct scan_result *result);

#endif
