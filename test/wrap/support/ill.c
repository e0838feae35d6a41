/*
 * A plugin that behaves as ILL says: steps with a ; between them, each a word, or a word, a colon and its argument.
 *
 *   out:TEXT  err:TEXT      writes; \n, \\ and \xHH are undone. A write that fails ends it with status 1
 *   fill-out:N  fill-err:N  writes N bytes in lines of 32
 *   drip:N:US               writes N bytes to stdout one by one, with a pause after each
 *   both:N                  writes N lines to stdout and stderr by turns
 *   cat                     copies stdin to stdout
 *   read  read:N  count     reads stdin to its end, or N bytes of it; prints how many bytes it has
 *   close:FD
 *   sleep:MS
 *   fork:MS:hold            leaves a child that keeps stdout and stderr open for a while
 *   fork:MS:none            leaves a child that keeps neither
 *   ignore:N  catch:N,…     ignores a signal; from now on `await` tells of these
 *   ready  await:N          prints "ready"; waits for N signals and prints the name of each
 *   kill:N                  sends itself a signal as it would be without `ignore`
 *   until-error             writes to stdout until it fails, then tells errno on stderr
 *   dump                    prints what it finds itself to be, as JSON
 *   mark:FILE               appends its process ID to the file
 *   show:FILE               prints the file
 *   exit:N
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static sigset_t awaited;
static char buffer[65536];

static void put(int fd, const char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, bytes + done, length - done);
    if (n < 0 && errno != EINTR) _exit(1);
    if (n > 0) done += (size_t)n;
  }
}

static void put_text(int fd, const char *text) {
  size_t length = 0;
  for (; *text; text++) {
    unsigned value;
    char byte = *text;
    if (byte == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &value) == 1) {
      byte = (char)value;
      text += 3;
    } else if (byte == '\\' && text[1]) {
      text++;
      byte = *text == 'n' ? '\n' : *text;
    }
    buffer[length++] = byte;
  }
  put(fd, buffer, length);
}

static void put_lines(int fd, size_t bytes) {
  for (size_t at = 0; at < sizeof buffer; at += 32)
    memcpy(buffer + at, "a plugin that has much to say  \n", 32);
  for (size_t done = 0; done < bytes;) {
    size_t length = bytes - done < sizeof buffer ? bytes - done : sizeof buffer;
    char place[40];
    memcpy(buffer, place, (size_t)sprintf(place, "%d at %012zu ", fd, done));
    put(fd, buffer, length);
    done += length;
  }
}

static void pause_us(long us) {
  struct timespec t = { us / 1000000, us % 1000000 * 1000 };
  while (nanosleep(&t, &t) != 0 && errno == EINTR) continue;
}

static void drip(long bytes, long us) {
  for (long i = 0; i < bytes; i++) {
    put(1, "0123456789" + i % 10, 1);
    pause_us(us);
  }
}

/* The digits of stdout's lines are a to j, those of stderr's A to J: so one can tell which is which. */
static void write_by_turns(long lines) {
  for (long i = 0; i < lines; i++) {
    char line[32];
    int length = sprintf(line, "%ld%c", i, i % 2 ? ' ' : '\n');
    for (int at = 0; at < length - 1; at++) line[at] += (i % 2 ? 'A' : 'a') - '0';
    put(1 + (int)(i % 2), line, (size_t)length);
  }
}

static size_t read_some(size_t most, int to) {
  size_t total = 0;
  while (total < most) {
    ssize_t n = read(0, buffer, most - total < sizeof buffer ? most - total : sizeof buffer);
    if (n <= 0) break;
    if (to >= 0) put(to, buffer, (size_t)n);
    total += (size_t)n;
  }
  return total;
}

static void leave_child(long ms, int hold) {
  if (fork() != 0) return;
  if (!hold)
    for (int fd = 0; fd < 3; fd++) close(fd);
  close(0);
  pause_us(ms * 1000);
  _exit(0);
}

static void each_number(const char *list, void (*with)(int)) {
  for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) with(atoi(at));
}

static void take_note_of(int number) {
  sigaddset(&awaited, number);
  sigprocmask(SIG_BLOCK, &awaited, NULL);
}

static void await_signals(int number) {
  for (int i = 0; i < number; i++) {
    int got;
    sigwait(&awaited, &got);
    printf("signal %d\n", got);
    fflush(stdout);
  }
}

static void die_of(int number) {
  sigset_t set;
  struct rlimit none = { 0, 0 };
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, number);
  kill(getpid(), number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void write_until_error(void) {
  for (;;) {
    if (write(1, "more\n", 5) < 0) {
      dprintf(2, "error %d\n", errno);
      return;
    }
    pause_us(1000);
  }
}

static void put_string(const char *text) {
  putchar('"');
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    int odd = byte < ' ' || byte == '"' || byte == '\\' || byte == 127;
    if (odd) printf("\\u%04x", byte);
    else putchar(*text);
  }
  putchar('"');
}

static void put_strings(const char *name, char *const *list) {
  printf("\"%s\":[", name);
  for (size_t i = 0; list[i]; i++) {
    if (i > 0) putchar(',');
    put_string(list[i]);
  }
  printf("],\n");
}

static const char *kind_of(mode_t mode) {
  return S_ISFIFO(mode) ? "pipe" : S_ISSOCK(mode) ? "socket" : S_ISREG(mode) ? "file" : "other";
}

static int is_one_stream(void) {
  struct stat out, err;
  return fstat(1, &out) == 0 && fstat(2, &err) == 0 && out.st_ino == err.st_ino && out.st_dev == err.st_dev;
}

/* Kind, access and status flags of each open descriptor: not which pipe it is. */
static void put_descriptors(void) {
  printf("\"descriptors\":{");
  for (int fd = 0, first = 1; fd < 1024; fd++) {
    struct stat it;
    if (fstat(fd, &it) != 0) continue;
    const char *kind = kind_of(it.st_mode);
    printf("%s\"%d\":\"%s %o %d\"", first ? "" : ",", fd, kind, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    first = 0;
  }
  printf("},\n\"one stream\":%d,\n", is_one_stream());
}

/* What the kernel says of this process, but for what no two processes have in common. */
static void put_status(void) {
  static const char *const others[] = {
    "Name", "State", "Tgid", "Ngid", "Pid", "PPid", "NS", "Vm", "Rss", "Huge", "SigQ", "TracerPid", "FDSize",
    "voluntary", "nonvoluntary", "untag", "x86", "Mems", "Speculation", "THP", "CoreDumping", 0 };
  FILE *status = fopen("/proc/self/status", "r");
  char line[4096];
  printf("\"status\":{");
  for (int first = 1; status && fgets(line, sizeof line, status);) {
    int other = 0;
    for (size_t i = 0; others[i]; i++) other |= strncmp(line, others[i], strlen(others[i])) == 0;
    char *colon = strchr(line, ':');
    if (other || !colon) continue;
    line[strcspn(line, "\n")] = 0;
    *colon = 0;
    printf("%s\"%s\":", first ? "" : ",", line);
    put_string(colon + 1 + strspn(colon + 1, "\t "));
    first = 0;
  }
  printf("},\n");
  if (status) fclose(status);
}

static void dump(char **argv) {
  char folder[4096];
  put_strings("argv", argv);
  put_strings("environment", environ);
  printf("\"folder\":");
  put_string(getcwd(folder, sizeof folder) ? folder : "?");
  printf(",\n");
  put_descriptors();
  put_status();
  printf("\"limits\":[");
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    struct rlimit limit;
    getrlimit(i, &limit);
    printf("%s[%lld,%lld]", i > 0 ? "," : "", (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
  printf("],\n\"timers\":[");
  for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
    struct itimerval timer;
    getitimer(i, &timer);
    int set = timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0;
    printf("%s%d", i > 0 ? "," : "", set);
  }
  printf("],\n\"priority\":%d,\"slack\":%d,", getpriority(PRIO_PROCESS, 0), prctl(PR_GET_TIMERSLACK));
  printf("\"group of the parent\":%d,", getpgrp() == getpgid(getppid()));
  printf("\"session of the parent\":%d,", getsid(0) == getsid(getppid()));
  printf("\"dumpable\":%d,\"subreaper\":", prctl(PR_GET_DUMPABLE));
  int subreaper = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  printf("%d}\n", subreaper);
  fflush(stdout);
}

static void append_pid(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dprintf(fd, "%d\n", getpid());
  close(fd);
}

static void show(const char *path) {
  int fd = open(path, O_RDONLY);
  for (ssize_t n; fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0;) put(1, buffer, (size_t)n);
  close(fd);
}

static void take(char *step, char **argv) {
  char *needs = strchr(step, ':');
  if (needs) *needs++ = 0;
  else needs = "";
  long number = atol(needs);
  char *second = strchr(needs, ':');
  if (second) second++;
#define IS(word) (strcmp(step, word) == 0)
  if (IS("out")) put_text(1, needs);
  else if (IS("err")) put_text(2, needs);
  else if (IS("fill-out")) put_lines(1, (size_t)number);
  else if (IS("fill-err")) put_lines(2, (size_t)number);
  else if (IS("drip")) drip(number, second ? atol(second) : 0);
  else if (IS("both")) write_by_turns(number);
  else if (IS("cat")) read_some((size_t)-1, 1);
  else if (IS("read")) read_some(number > 0 ? (size_t)number : (size_t)-1, -1);
  else if (IS("count")) printf("%zu\n", read_some((size_t)-1, -1)), fflush(stdout);
  else if (IS("close")) close((int)number);
  else if (IS("sleep")) pause_us(number * 1000);
  else if (IS("fork")) leave_child(number, second && strcmp(second, "hold") == 0);
  else if (IS("ignore")) signal((int)number, SIG_IGN);
  else if (IS("catch")) each_number(needs, take_note_of);
  else if (IS("ready")) put(1, "ready\n", 6);
  else if (IS("await")) await_signals((int)number);
  else if (IS("kill")) die_of((int)number);
  else if (IS("until-error")) write_until_error();
  else if (IS("dump")) printf("{"), dump(argv);
  else if (IS("mark")) append_pid(needs);
  else if (IS("show")) show(needs);
  else if (IS("exit")) _exit((int)number);
  else dprintf(2, "ill: no step %s\n", step), _exit(97);
}

int main(int argc, char **argv) {
  (void)argc;
  const char *told = getenv("ILL");
  char *steps = strdup(told ? told : "out:{}"), *rest = steps;
  sigemptyset(&awaited);
  for (char *step; (step = strsep(&rest, ";"));) take(step, argv);
  return 0;
}
