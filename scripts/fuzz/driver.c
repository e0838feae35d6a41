/* driver ROOT [EXECUTABLE]: makes many calls of a tap, each in its own child process, in a chroot to ROOT.
   It is linked with a tap (-Wl,--wrap=main), whose main the child calls without an exec. With EXECUTABLE, a path
   below ROOT, the child starts that instead.
   A call on standard input is "<environment> <stdin> <log>\n", lengths in bytes, and the bytes: NAME=VALUE, each
   with a NUL at its end; standard input; the path of the log.
   The answer on standard output is "<wait status> <stdout> <stderr> <log>\n" and the bytes. The log is then
   removed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VARIABLES_MOST = 64 };

extern char **environ;
int __real_main(int argc, char **argv);

_Noreturn static void give_up(const char *what) {
  perror(what);
  exit(125);
}

static char *read_bytes(size_t length) {
  char *bytes = malloc(length + 1);
  if (!bytes || fread(bytes, 1, length, stdin) != length) give_up("driver: cannot read a call");
  bytes[length] = '\0';
  return bytes;
}

static int make_file(void) {
  int fd = memfd_create("call", MFD_CLOEXEC);
  if (fd < 0) give_up("driver: memfd_create");
  return fd;
}

static void fill(int fd, const char *bytes, size_t length) {
  if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, length, 0) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
    give_up("driver: cannot write a call");
}

static size_t size_of(int fd) {
  struct stat stat;
  return fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? (size_t)stat.st_size : 0;
}

static void print_file(int fd, size_t length) {
  char part[65536];
  for (size_t at = 0; at < length;) {
    ssize_t got = pread(fd, part, sizeof part, (off_t)at);
    if (got <= 0) give_up("driver: cannot read what a tap wrote");
    fwrite(part, 1, (size_t)got, stdout);
    at += (size_t)got;
  }
}

_Noreturn static void become_tap(const int file[3], char *variables, size_t length, const char *executable) {
  static char *list[VARIABLES_MOST + 1];
  int count = 0;
  for (size_t at = 0; at < length && count < VARIABLES_MOST; at += strlen(variables + at) + 1) list[count++] = variables + at;
  environ = list;
  for (int fd = 0; fd < 3; fd++) dup2(file[fd], fd);
  if (!executable) _exit(__real_main(1, (char *[]){"tap", NULL}));
  execve(executable, (char *[]){(char *)executable, NULL}, environ);
  _exit(127);
}

int __wrap_main(int argc, char **argv) {
  if (argc < 2 || strcmp(argv[1], "--write-snapshot") == 0) return __real_main(argc, argv); /* the build's two calls */
  if (chroot(argv[1]) != 0 || chdir("/") != 0) give_up("driver: chroot");
  const char *executable = argc > 2 ? argv[2] : NULL;
  const int file[3] = {make_file(), make_file(), make_file()};
  size_t variables_length, input_length, log_length;
  while (scanf("%zu %zu %zu", &variables_length, &input_length, &log_length) == 3) {
    getchar();
    char *variables = read_bytes(variables_length), *input = read_bytes(input_length), *log = read_bytes(log_length);
    fill(file[0], input, input_length);
    fill(file[1], "", 0);
    fill(file[2], "", 0);
    pid_t child = fork();
    if (child < 0) give_up("driver: fork");
    if (child == 0) become_tap(file, variables, variables_length, executable);
    int status;
    if (waitpid(child, &status, 0) != child) give_up("driver: waitpid");
    int written = log_length ? open(log, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    size_t size[3] = {size_of(file[1]), size_of(file[2]), size_of(written)};
    printf("%d %zu %zu %zu\n", status, size[0], size[1], size[2]);
    print_file(file[1], size[0]);
    print_file(file[2], size[1]);
    print_file(written, size[2]);
    if (written >= 0) {
      close(written);
      unlink(log);
    }
    fflush(stdout);
    free(variables);
    free(input);
    free(log);
  }
  return 0;
}
