// crowd VARIABLE FROM TO AT_ONCE MODE STDIN REPLY PROGRAM
// Runs the program with VARIABLE=FROM, FROM+1, ... TO, so many at once, the file STDIN as standard input. MODE:
//   whole    all of STDIN
//   cut      as many of its first bytes as the call's number says
//   kill:N   all of it; each N-th call is killed at a random moment
// One line a call, its fields parted by tabs: number, exit code, signal, 1 where it wrote what the file REPLY holds (else
// 0), what it wrote to standard error, and, where it was not REPLY, to standard output (control characters as spaces).
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { SLOTS = 64, KILL_WITHIN_US = 1500, SHOWN_BYTES = 1000 };

static struct slot {
  pid_t pid;
  int number, in, out, err;
} slots[SLOTS];

struct text {
  char *bytes;
  size_t length;
};

static struct text read_all(int fd) {
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) != 0) exit(125);
  struct text text = {malloc((size_t)stat.st_size + 1), (size_t)stat.st_size};
  if (pread(fd, text.bytes, text.length, 0) != (ssize_t)text.length) exit(125);
  text.bytes[text.length] = '\0';
  return text;
}

static void start(struct slot *slot, int number, const char *variable, struct text input, char *program) {
  char value[16];
  snprintf(value, sizeof value, "%d", number);
  setenv(variable, value, 1);
  *slot = (struct slot){.number = number, .in = memfd_create("in", MFD_CLOEXEC), .out = memfd_create("out", MFD_CLOEXEC),
                        .err = memfd_create("err", MFD_CLOEXEC)};
  if (pwrite(slot->in, input.bytes, input.length, 0) != (ssize_t)input.length) exit(125);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, slot->in, 0);
  posix_spawn_file_actions_adddup2(&actions, slot->out, 1);
  posix_spawn_file_actions_adddup2(&actions, slot->err, 2);
  char *argv[] = {program, NULL};
  if (posix_spawn(&slot->pid, program, &actions, NULL, argv, environ) != 0) exit(125);
  posix_spawn_file_actions_destroy(&actions);
}

static void print_text(struct text text) {
  putchar('\t');
  for (size_t i = 0; i < text.length && i < SHOWN_BYTES; i++)
    putchar((unsigned char)text.bytes[i] < ' ' ? ' ' : text.bytes[i]);
}

static void finish(struct slot *slot, int status, struct text reply) {
  struct text out = read_all(slot->out), err = read_all(slot->err);
  bool same = out.length == reply.length && memcmp(out.bytes, reply.bytes, reply.length) == 0;
  printf("%d\t%d\t%d\t%d", slot->number, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
         WIFSIGNALED(status) ? WTERMSIG(status) : 0, same);
  print_text(err);
  print_text(same ? (struct text){0} : out);
  putchar('\n');
  free(out.bytes);
  free(err.bytes);
  close(slot->in);
  close(slot->out);
  close(slot->err);
  slot->pid = 0;
}

static struct slot *find(pid_t pid) {
  for (int i = 0; i < SLOTS; i++)
    if (slots[i].pid == pid) return &slots[i];
  exit(125);
}

int main(int argc, char **argv) {
  if (argc != 9) return 125;
  int from = atoi(argv[2]), to = atoi(argv[3]), at_once = atoi(argv[4]), running = 0, kill_each = 0;
  bool cut = strcmp(argv[5], "cut") == 0;
  if (strncmp(argv[5], "kill:", 5) == 0) kill_each = atoi(argv[5] + 5);
  if (at_once < 1 || at_once > SLOTS) return 125;
  struct text input = read_all(open(argv[6], O_RDONLY | O_CLOEXEC)), reply = read_all(open(argv[7], O_RDONLY | O_CLOEXEC));
  for (int number = from; number <= to || running > 0;) {
    if (number <= to && running < at_once) {
      struct slot *slot = find(0);
      size_t length = cut && (size_t)number < input.length ? (size_t)number : input.length;
      start(slot, number, argv[1], (struct text){input.bytes, length}, argv[8]);
      running++;
      if (kill_each && number % kill_each == 0) {
        usleep((useconds_t)(rand() % KILL_WITHIN_US));
        kill(slot->pid, SIGKILL);
      }
      number++;
    } else {
      int status;
      pid_t pid = waitpid(-1, &status, 0);
      if (pid < 0) return 125;
      finish(find(pid), status, reply);
      running--;
    }
  }
  return 0;
}
