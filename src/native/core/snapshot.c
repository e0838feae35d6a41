#include "snapshot.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "engine.h"
#include "io.h"

/* What costs at the start of a call are pages that it writes to: each is copied first. A block of a context is written
   to when it is counted, and most are never touched. So one process makes a context in which each block has a page of its
   own, which cannot be written at first, makes calls, and notes which pages are; then another one makes the very same
   context (the requests for memory come in the same order) and puts the blocks that are written side by side. */

enum { PAGE = 4096, PAGES_MOST = 64 * 1024, REQUESTS_MOST = 64 * 1024, STACK_MOST = 16 * 1024 * 1024 };

extern char __start_snapshot[], __stop_snapshot[]; /* of the linker */

static unsigned request; /* for memory: taken or resized */
static uint8_t written[REQUESTS_MOST / 8];

/* The same bytes come of two builds if time stands still while one is made, for QuickJS, which seeds Math.random with it,
   and for the line of the call that is made; so with the process's number. */
static bool is_building;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
  if (!is_building) return __real_clock_gettime(clock, now);
  *now = (struct timespec){0};
  return 0;
}

int __wrap_gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  *now = (struct timeval){0};
  return 0;
}

pid_t __real_getpid(void);
pid_t __wrap_getpid(void) { return is_building ? 1 : __real_getpid(); }

/* One process's: a page for each block, its size at the front. */
static uint8_t *pages, *free_page;
static unsigned owner[PAGES_MOST];

static void *take_page(size_t size) {
  size_t count = (size + 16 + PAGE - 1) / PAGE, at = (size_t)(free_page - pages) / PAGE;
  if (at + count > PAGES_MOST) return NULL;
  uint8_t *block = free_page + 16;
  *(size_t *)free_page = size;
  for (size_t i = 0; i < count; i++) owner[at + i] = request;
  free_page += count * PAGE;
  request++;
  return block;
}

static void leave_page(void *block) { (void)block; }

static size_t page_size(const void *block) { return block ? (*(const size_t *)((const uint8_t *)block - 16) + 7) & ~(size_t)7 : 0; }

static void *resize_page(void *block, size_t size) {
  void *fresh = take_page(size);
  size_t old = page_size(block);
  if (fresh && block) memcpy(fresh, block, old < size ? old : size);
  return fresh;
}

static void on_write(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  uint8_t *page = (uint8_t *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));
  if (page < pages || page >= free_page) _exit(1);
  unsigned block = owner[(size_t)(page - pages) / PAGE];
  if (block < REQUESTS_MOST) written[block / 8] |= (uint8_t)(1u << block % 8);
  mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

/* One call, as the environment and standard input, a file, say. */
static bool call(const char *command) {
  int code;
  input.length = 0;
  input.ended = false;
  return lseek(0, 0, SEEK_SET) == 0 && setenv("CNI_COMMAND", command, 1) == 0 && engine_call(&code);
}

_Noreturn static void trace_calls(int out) {
  struct sigaction action = {.sa_sigaction = on_write, .sa_flags = SA_SIGINFO};
  pages = free_page = mmap(NULL, (size_t)PAGES_MOST * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) _exit(1);
  engine_memory = (struct engine_memory){take_page, leave_page, resize_page, page_size};
  if (!engine_prepare() || !call("ADD")) _exit(1);
  sigaction(SIGSEGV, &action, NULL);
  mprotect(pages, (size_t)(free_page - pages), PROT_READ);
  if (!call("ADD") || !call("DEL")) _exit(1);
  _exit(write(out, written, sizeof written) == sizeof written ? 0 : 1);
}

/* The other process's: the part of the arena for each block. */
static void choose(void) {
  bool still = request < REQUESTS_MOST && !(written[request / 8] >> request % 8 & 1);
  arena_choose(still ? ARENA_STILL : ARENA_CALLS);
  request++;
}

static void *take_placed(size_t size) {
  choose();
  return arena_take(size);
}

static void *resize_placed(void *block, size_t size) {
  choose();
  return arena_resize(block, size);
}

/* The runtime keeps its stack's address, which is another one each time, and is told anew by each call. */
static void forget_stack(void) {
  uintptr_t here = (uintptr_t)&here;
  for (uintptr_t *word = (uintptr_t *)__start_snapshot; word < (uintptr_t *)__stop_snapshot; word++)
    if (*word - here + STACK_MOST < 2 * STACK_MOST) *word = 0;
}

static bool read_all(int fd, uint8_t *bytes, size_t length) {
  for (ssize_t got; length > 0; bytes += got, length -= (size_t)got)
    if ((got = read(fd, bytes, length)) <= 0) return false;
  return true;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  for (ssize_t put; length > 0; bytes += put, length -= (size_t)put)
    if ((put = write(fd, bytes, length)) <= 0) return false;
  return true;
}

int snapshot_write(void) {
  is_building = true;
  int out = dup(1), null = open("/dev/null", O_WRONLY), traced[2], status;
  if (out < 0 || null < 0 || dup2(null, 1) < 0 || pipe(traced) != 0) return 1;
  pid_t child = fork();
  if (child == 0) trace_calls(traced[1]);
  close(traced[1]);
  if (child < 0 || !read_all(traced[0], written, sizeof written) || waitpid(child, &status, 0) != child) return 2;
  engine_memory.take = take_placed;
  engine_memory.resize = resize_placed;
  if (status != 0 || !engine_prepare() || !call("ADD")) return 3;
  engine_settle();
  if (!arena_settle()) return 4;
  forget_stack();
  return write_all(out, __start_snapshot, (size_t)(__stop_snapshot - __start_snapshot)) ? 0 : 5;
}
