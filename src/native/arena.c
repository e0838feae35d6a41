#include "arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#ifdef TAP_TEST_FAULTS
#include <stdlib.h>
#endif

/* The first chunk is part of the executable (pages nobody touches cost nothing); 64 MB at once would fail where
   RLIMIT_AS is 64 MB, so more comes in chunks. */
enum { FIRST_BYTES = 512 * 1024, CHUNK_BYTES = 1024 * 1024, LIMIT_BYTES = 16 * 1024 * 1024, HEADER = 16 };

static _Alignas(16) uint8_t first[FIRST_BYTES];
static uint8_t *next = first, *end = first + FIRST_BYTES;
static size_t total = FIRST_BYTES;

static size_t rounded(size_t size) { return (size + 15) & ~(size_t)15; }

size_t arena_size(const void *block) { return block ? *(const size_t *)((const uint8_t *)block - HEADER) : 0; }

void *arena_take(size_t size) {
#ifdef TAP_TEST_FAULTS
  static long takes = 0, fail_at = -1;
  if (fail_at < 0) fail_at = getenv("TAP_TEST_ALLOCATION") ? atol(getenv("TAP_TEST_ALLOCATION")) : 0;
  if (++takes == fail_at) return NULL;
#endif
  if (size > LIMIT_BYTES) return NULL;
  size_t need = rounded(size) + HEADER;
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
  *(size_t *)(block - HEADER) = size;
  return block;
}

void *arena_resize(void *block, size_t size) {
  if (!block) return arena_take(size);
  size_t old = arena_size(block);
  uint8_t *start = block;
  if (start + rounded(old) == next && size <= (size_t)(end - start) && rounded(size) <= (size_t)(end - start)) {
    next = start + rounded(size);
  } else if (size > old) {
    void *fresh = arena_take(size);
    if (fresh) memcpy(fresh, block, old);
    return fresh;
  }
  *(size_t *)(start - HEADER) = size;
  return block;
}
