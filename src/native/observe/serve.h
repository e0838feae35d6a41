/* What a writer does in its own process. */
#ifndef CNI_TAP_OBSERVE_SERVE_H
#define CNI_TAP_OBSERVE_SERVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a frame of lines begins with. After it: their lengths (uint32_t), the paths with their NUL, the lines. */
struct serve_head {
  uint64_t bytes; /* of all lines */
  uint64_t max_bytes;
  uint32_t lines, lock_timeout_ms;
  uint32_t log_path, lock_path; /* bytes with the NUL; 0: none */
};

static inline size_t serve_size(const struct serve_head *head) {
  return head->lines * sizeof(uint32_t) + head->log_path + head->lock_path + head->bytes;
}

/* Takes frames from the socket, writes their lines and answers, until its other end is closed. */
_Noreturn void serve(int number, int socket, pid_t parent);

#endif
