/*
 * Starts a plugin as libcni does, by Go's os/exec, and tells how it went:
 *
 *   runtime [name=value]... PROGRAM
 *
 * The plugin has the environment of this program, and on stdin what this one has on its own. Its stdout comes out of
 * descriptor 1, its stderr out of 2, and how it ended out of 3, as JSON. Processes that it leaves behind become this one's
 * children, are named in the JSON and killed.
 *
 *   in=WHAT         pipe (default), open (a pipe that does not end), null, closed
 *   out=WHAT        pipe (default), leave (its first line is read), gone (nobody reads), socket, closed, or a file
 *   err=WHAT        the same, or same: one pipe for both
 *   first=out|err   the stream that is read to its end before the other is looked at; exit: none before the plugin's end
 *   bytes=N         reads at most N bytes at a time
 *   append=1        files are opened for appending
 *   sum=1           tells only how long the output was, and a hash
 *   arg=TEXT        a further argument
 *   signals=N,…     each line that comes out of the plugin's stdout sends it the next one
 *   after=US        sends the first of them after that time
 *   block=N,…       signals that are blocked when it starts
 *   ignore=N,…      signals that are ignored when it starts
 *   limit=N:S:H     setrlimit(2) of resource N
 *   umask=OCTAL, cwd=FOLDER, extra=N (descriptors above 2), uid=N, init=1 (process 1 of a new namespace)
 *   grace=MS        how long processes may stay after the plugin has ended
 *   limitMs=MS      when all is killed
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 3, CHUNK = 65536 };

static int count;
static char **options;

static void die(const char *what) {
  fprintf(stderr, "runtime: Cannot %s: %s\n", what, strerror(errno));
  exit(99);
}

static const char *option(const char *name, const char *otherwise) {
  size_t length = strlen(name);
  for (int i = 0; i < count; i++)
    if (strncmp(options[i], name, length) == 0 && options[i][length] == '=')
      return options[i] + length + 1;
  return otherwise;
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Both ends of a stream: the plugin's, and the one that stays here; -1 where there is none. */
struct stream {
  int theirs, ours;
};

static struct stream make_stream(const char *kind, int to_plugin) {
  int ends[2];
  if (strcmp(kind, "closed") == 0) return (struct stream){ -1, -1 };
  if (strcmp(kind, "null") == 0) return (struct stream){ open("/dev/null", O_RDWR | O_CLOEXEC), -1 };
  if (kind[0] == '/') {
    int append = option("append", NULL) ? O_APPEND : 0;
    int file = open(kind, O_WRONLY | O_CREAT | O_CLOEXEC | append, 0600);
    if (file < 0) die("open a file");
    return (struct stream){ file, -1 };
  }
  if (strcmp(kind, "socket") == 0) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) die("make a socket");
    return (struct stream){ ends[0], ends[1] };
  }
  if (pipe2(ends, O_CLOEXEC) != 0) die("make a pipe");
  struct stream made = { ends[to_plugin ? 0 : 1], ends[to_plugin ? 1 : 0] };
  if (strcmp(kind, "gone") == 0) {
    close(made.ours);
    made.ours = -1;
  }
  return made;
}

static void each_number(const char *list, void (*with)(int)) {
  for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) with(atoi(at));
}

static void ignore_signal(int number) {
  signal(number, SIG_IGN);
}

static void block_signal(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void set_limits(void) {
  for (int i = 0; i < count; i++) {
    int resource;
    long long soft, hard;
    if (sscanf(options[i], "limit=%d:%lld:%lld", &resource, &soft, &hard) != 3) continue;
    struct rlimit limit = { (rlim_t)soft, (rlim_t)hard };
    if (setrlimit(resource, &limit) != 0) die("set a limit");
  }
}

/* In the child: the world as the plugin is to find it. */
static void become(char *program, const int theirs[3]) {
  int apart[3];
  for (int i = 0; i < 3; i++) apart[i] = theirs[i] < 0 ? -1 : fcntl(theirs[i], F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; i++)
    if (apart[i] < 0) close(i);
    else dup2(apart[i], i);
  for (int i = atoi(option("extra", "0")); i > 0; i--) fcntl(apart[0], F_DUPFD, 20);
  if (chdir(option("cwd", ".")) != 0) die("change the folder");
  if (option("umask", NULL)) umask((mode_t)strtol(option("umask", NULL), NULL, 8));
  int uid = atoi(option("uid", "0"));
  if (uid != 0 && (setgid((gid_t)uid) != 0 || setuid((uid_t)uid) != 0)) die("become another user");
  set_limits();
  each_number(option("ignore", ""), ignore_signal);
  each_number(option("block", ""), block_signal);
  char *arguments[16] = { program };
  for (int i = 0, n = 1; i < count && n < 15; i++)
    if (strncmp(options[i], "arg=", 4) == 0) arguments[n++] = options[i] + 4;
  execv(program, arguments);
  dprintf(2, "runtime: Cannot start %s: %s\n", program, strerror(errno));
  _exit(98);
}

static int sums;
static struct sum {
  unsigned long long bytes, hash; /* FNV-1a */
} sum_of[3] = { { 0, 0 }, { 0, 0xcbf29ce484222325ULL }, { 0, 0xcbf29ce484222325ULL } };

static void sum_up(struct sum *sum, const char *bytes, size_t length) {
  sum->bytes += length;
  for (size_t i = 0; i < length; i++) sum->hash = (sum->hash ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
}

static void write_all(int fd, const char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, bytes + done, length - done);
    if (n < 0 && errno != EINTR) die("hand on output");
    if (n > 0) done += (size_t)n;
  }
}

static char chunk[CHUNK];

/* Hands on what has come. Returns its number of lines; closes the stream at its end. */
static int hand_on(struct stream *stream, int to, int leave) {
  size_t most = (size_t)atol(option("bytes", "65536"));
  ssize_t n = read(stream->ours, chunk, most < CHUNK ? most : CHUNK);
  if (n < 0 && errno == EINTR) return 0;
  char *end = leave && n > 0 ? memchr(chunk, '\n', (size_t)n) : NULL;
  if (end) n = end + 1 - chunk;
  if (n > 0 && sums) sum_up(&sum_of[to], chunk, (size_t)n);
  else if (n > 0) write_all(to, chunk, (size_t)n);
  if (n <= 0 || leave) {
    close(stream->ours);
    stream->ours = -1;
  }
  int lines = 0;
  for (ssize_t i = 0; i < n; i++) lines += chunk[i] == '\n';
  return lines;
}

/* Writes more into the plugin's stdin. Closes it at the end of the feed, or if nobody reads. */
static void feed(struct stream *in, int stay_open) {
  static char pending[CHUNK];
  static size_t from, to;
  if (from == to) {
    ssize_t n = read(0, pending, CHUNK);
    from = 0;
    to = n > 0 ? (size_t)n : 0;
  }
  ssize_t n = from < to ? write(in->ours, pending + from, to - from) : 0;
  if (n > 0) from += (size_t)n;
  if ((n < 0 && errno != EAGAIN) || (from == to && n == 0 && !stay_open)) {
    close(in->ours);
    in->ours = -1;
  }
}

/* Writes the names of living children as JSON, if `to` is given, and returns how many they are. */
static int list_children(FILE *to, int killing) {
  int found = 0;
  DIR *all = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(all));) {
    char path[300], text[512], name[64], state;
    int parent;
    if (atoi(entry->d_name) == 0) continue;
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) continue;
    text[n] = 0;
    if (sscanf(text, "%*d (%63[^)]) %c %d", name, &state, &parent) != 3) continue;
    if (parent != getpid()) continue;
    if (state == 'Z' || state == 'X') {
      waitpid(atoi(entry->d_name), NULL, WNOHANG);
      continue;
    }
    if (to) fprintf(to, "%s\"%s\"", found > 0 ? "," : "", name);
    found++;
    if (killing) kill(atoi(entry->d_name), SIGKILL);
  }
  closedir(all);
  return found;
}

static int status_of(pid_t child, int wait_for_it, int *ended, int status) {
  if (!*ended && waitpid(child, &status, wait_for_it ? 0 : WNOHANG) == child) *ended = 1;
  return status;
}

int main(int argc, char **argv) {
  count = argc - 1;
  options = argv;
  fcntl(RECORD, F_SETFD, FD_CLOEXEC);
  syscall(SYS_close_range, RECORD + 1, ~0U, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct stream in = make_stream(strcmp(option("in", "pipe"), "open") ? option("in", "pipe") : "pipe", 1);
  struct stream out = make_stream(option("out", "pipe"), 0);
  int same = strcmp(option("err", "pipe"), "same") == 0;
  struct stream err = same ? (struct stream){ out.theirs, -1 } : make_stream(option("err", "pipe"), 0);
  if (in.ours >= 0) fcntl(in.ours, F_SETFL, O_NONBLOCK);

  double began = now_ms(), limit = began + atof(option("limitMs", "20000"));
  if (option("init", NULL) && unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
    die("make a namespace");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) become(argv[argc - 1], (int[]){ in.theirs, out.theirs, err.theirs });
  signal(SIGPIPE, SIG_IGN);
  if (in.theirs >= 0) close(in.theirs);
  if (out.theirs >= 0) close(out.theirs);
  if (err.theirs >= 0 && !same) close(err.theirs);

  const char *signals = option("signals", ""), *first = option("first", "both");
  int out_first = strcmp(first, "out") == 0, err_first = strcmp(first, "err") == 0;
  int exit_first = strcmp(first, "exit") == 0;
  int after = option("after", NULL) != NULL;
  double kill_at = after ? began + atof(option("after", "0")) / 1e3 : 0;
  sums = option("sum", NULL) != NULL;
  int stay_open = strcmp(option("in", "pipe"), "open") == 0, fed = 0;
  int leave = strcmp(option("out", "pipe"), "leave") == 0, late = 0, ended = 0, status = 0;
  double out_ms = 0, err_ms = 0;
  for (;;) {
    if (now_ms() > limit) {
      late = 1;
      break;
    }
    status = status_of(child, 0, &ended, status);
    if (ended && stay_open && in.ours >= 0) {
      close(in.ours);
      in.ours = -1;
    }
    if (out.ours < 0 && err.ours < 0 && (in.ours < 0 || ended)) break;
    if (kill_at > 0 && now_ms() >= kill_at) {
      if (!ended) kill(child, atoi(signals));
      kill_at = 0;
    }
    struct pollfd polled[] = {
      { in.ours, fed ? 0 : POLLOUT, 0 },
      { (err_first && err.ours >= 0) || (exit_first && !ended) ? -1 : out.ours, POLLIN, 0 },
      { (out_first && out.ours >= 0) || (exit_first && !ended) ? -1 : err.ours, POLLIN, 0 },
    };
    double wait_ms = ended ? 100 : out.ours < 0 && err.ours < 0 ? 1 : 20;
    if (kill_at > 0 && kill_at - now_ms() < wait_ms) wait_ms = kill_at > now_ms() ? kill_at - now_ms() : 0;
    struct timespec wait = { 0, (long)(wait_ms * 1e6) };
    if (ppoll(polled, 3, &wait, NULL) <= 0) continue;
    if (polled[0].revents) {
      feed(&in, stay_open);
      fed = stay_open && in.ours >= 0;
    }
    if (polled[1].revents)
      for (int lines = hand_on(&out, 1, leave); lines > 0 && !after && signals && *signals; lines--) {
        if (!ended) kill(child, atoi(signals));
        signals = strchr(signals, ',') ? strchr(signals, ',') + 1 : NULL;
      }
    if (polled[2].revents) hand_on(&err, 2, 0);
    if (polled[1].revents && out.ours < 0) out_ms = now_ms() - began;
    if (polled[2].revents && err.ours < 0) err_ms = now_ms() - began;
  }
  if (late) kill(child, SIGKILL);
  status = status_of(child, 1, &ended, status);
  for (int fd = 1; sums && fd <= 2; fd++)
    if (sum_of[fd].bytes > 0) dprintf(fd, "%llu bytes with hash %016llx", sum_of[fd].bytes, sum_of[fd].hash);
  double ms = now_ms() - began;
  double until = now_ms() + atof(option("grace", "200"));
  while (!late && list_children(NULL, 0) > 0 && now_ms() < until) usleep(1000);

  FILE *record = fdopen(RECORD, "w");
  fprintf(record, "{\"pid\":%d,\"ms\":%.3f,\"late\":%s,", child, ms, late ? "true" : "false");
  fprintf(record, "\"outMs\":%.3f,\"errMs\":%.3f,", out_ms, err_ms);
  if (WIFSIGNALED(status)) fprintf(record, "\"exit\":null,\"signal\":%d,", WTERMSIG(status));
  else fprintf(record, "\"exit\":%d,\"signal\":null,", WEXITSTATUS(status));
  fprintf(record, "\"left\":[");
  list_children(record, 1);
  fprintf(record, "]}");
  fclose(record);
  while (list_children(NULL, 1) > 0) usleep(1000);
  return 0;
}
