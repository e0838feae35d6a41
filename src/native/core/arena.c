#include "arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "snapshot.h"
#ifdef TAP_TEST_FAULTS
#include <stdlib.h>
#endif

/* The first two chunks are part of the executable (pages nobody touches cost nothing): one of the snapshot, and one for
   calls. 64 MB at once would fail where RLIMIT_AS is 64 MB, so more comes in chunks. */
enum { SNAPSHOT_BYTES = 144 * 1024, FIRST_BYTES = 512 * 1024, CHUNK_BYTES = 1024 * 1024, LIMIT_BYTES = 16 * 1024 * 1024, HEADER = 8 };

/* Small sizes each have a list of free blocks; the others share one, in which only the first few are looked at. */
enum { UNIT = 8, SMALL_BYTES = 1024, LARGE_TRIES = 8 };

struct free_block {
  struct free_block *next;
};
static IN_SNAPSHOT struct free_block *small[SMALL_BYTES / UNIT + 1] = {0}, *large = NULL;

static IN_SNAPSHOT _Alignas(16) uint8_t prepared[SNAPSHOT_BYTES] = {0};
static _Alignas(16) uint8_t first[FIRST_BYTES];
static IN_SNAPSHOT uint8_t *next = prepared, *end = prepared + SNAPSHOT_BYTES;
static IN_SNAPSHOT size_t total = SNAPSHOT_BYTES;

/* Room for the link of a free block, and a multiple of UNIT. */
static size_t rounded(size_t size) { return size ? (size + UNIT - 1) & ~(size_t)(UNIT - 1) : UNIT; }

static size_t *size_of(void *block) { return (size_t *)((uint8_t *)block - HEADER); }

size_t arena_size(const void *block) { return block ? *size_of((void *)block) : 0; }

/* A block that is large enough. It keeps a larger size, and so its list when it is given back. */
static void *with_room_for(void *block, size_t size) {
  if (*size_of(block) < size) *size_of(block) = size;
  return block;
}

static void *take_free(size_t size) {
  struct free_block **link = size <= SMALL_BYTES ? &small[size / UNIT] : &large;
  for (int tries = size <= SMALL_BYTES ? 1 : LARGE_TRIES; *link && tries > 0; link = &(*link)->next, tries--) {
    size_t room = rounded(*size_of(*link));
    if (room < size || room / 2 > size) continue;
    struct free_block *block = *link;
    *link = block->next;
    return block;
  }
  return NULL;
}

void arena_give_back(void *block) {
  if (!block) return;
  size_t size = rounded(*size_of(block));
  struct free_block **list = size <= SMALL_BYTES ? &small[size / UNIT] : &large;
  ((struct free_block *)block)->next = *list;
  *list = block;
}

void *arena_take(size_t size) {
#ifdef TAP_TEST_FAULTS
  /* One allocation fails, or it and all that follow. */
  static long takes = 0;
  const char *one = getenv("TAP_TEST_ALLOCATION"), *all = getenv("TAP_TEST_ALLOCATIONS");
  takes++;
  if ((one && takes == atol(one)) || (all && takes >= atol(all))) return NULL;
#endif
  if (size > LIMIT_BYTES) return NULL;
  void *again = take_free(rounded(size));
  if (again) return with_room_for(again, size);
  size_t need = rounded(size) + HEADER;
  if (need > (size_t)(end - next) && total == SNAPSHOT_BYTES && need <= FIRST_BYTES) {
    total += FIRST_BYTES;
    next = first;
    end = first + FIRST_BYTES;
  }
  if (need > (size_t)(end - next)) {
    size_t chunk = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    if (total + chunk > LIMIT_BYTES) return NULL;
    void *fresh = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return NULL;
    total += chunk;
    next = fresh;
    end = next + chunk;
  }
  uint8_t *block = next + HEADER;
  next += need;
  *size_of(block) = size;
  return block;
}

void *arena_resize(void *block, size_t size) {
  if (!block) return arena_take(size);
  size_t old = arena_size(block);
  uint8_t *start = block;
  if (start + rounded(old) == next && size <= (size_t)(end - start) && rounded(size) <= (size_t)(end - start)) {
    next = start + rounded(size);
    *size_of(block) = size;
    return block;
  }
  if (rounded(size) <= rounded(old)) return with_room_for(block, size);
  void *fresh = arena_take(size);
  if (fresh) {
    memcpy(fresh, block, old);
    arena_give_back(block);
  }
  return fresh;
}

bool arena_settle(void) {
  for (size_t i = 0; i <= SMALL_BYTES / UNIT; i++)
    for (struct free_block *block = small[i]; block; block = block->next)
      memset(block + 1, 0, rounded(*size_of(block)) - sizeof *block);
  for (struct free_block *block = large; block; block = block->next)
    memset(block + 1, 0, rounded(*size_of(block)) - sizeof *block);
  if (total != SNAPSHOT_BYTES) return false;
  memset(next, 0, (size_t)(end - next));
  return true;
}
