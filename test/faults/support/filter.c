// filter NUMBERS PROGRAM [ARGUMENT...]   the program's system calls of these numbers (comma-separated) are trapped by a
//                                        seccomp filter: SIGSYS (SECCOMP_RET_TRAP). x86-64 only, as the taps are.
// filter ERRNO:NUMBERS PROGRAM ...       they fail with this error
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { NUMBERS_MOST = 32 };

int main(int argc, char **argv) {
  if (argc < 3) return 125;
  struct sock_filter code[2 * NUMBERS_MOST + 2];
  unsigned short length = 0;
  char *colon = strchr(argv[1], ':'), *numbers = colon ? colon + 1 : argv[1];
  const unsigned how = colon ? SECCOMP_RET_ERRNO | (unsigned)atoi(argv[1]) : SECCOMP_RET_TRAP;
  code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char *number = strtok(numbers, ","); number && length < 2 * NUMBERS_MOST; number = strtok(NULL, ",")) {
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(number), 0, 1);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog filter = {length, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 125;
  execv(argv[2], argv + 2);
  return 127;
}
