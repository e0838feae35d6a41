/* core/arena.h for a process that lives for months. Small blocks come from lists by size, where the next one like them takes
   their place, since QuickJS takes and gives back a hundred for each event; large ones are the C library's and go back to the
   kernel. */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test-allocation.h"

enum { UNIT = 16, HEADER = 16, SMALL_BYTES = 512, CHUNK_BYTES = 32 * 1024 };

union block {
  size_t size; /* of what follows the header: a multiple of UNIT, if it is small */
  union block *next;
  uint8_t header[HEADER];
};

static union block *lists[SMALL_BYTES / UNIT + 1];
static uint8_t *chunk, *chunk_end;

static size_t rounded(size_t size) { return size ? (size + UNIT - 1) & ~(size_t)(UNIT - 1) : UNIT; }

static union block *take_small(size_t size) {
  union block **list = &lists[size / UNIT], *block = *list;
  if (block) {
    *list = block[1].next;
    return block;
  }
  if (!chunk || (size_t)(chunk_end - chunk) < HEADER + size) { /* what is left of the last one is lost */
    chunk = malloc(CHUNK_BYTES);
    if (!chunk) return NULL;
    chunk_end = chunk + CHUNK_BYTES;
  }
  block = (union block *)chunk;
  chunk += HEADER + size;
  return block;
}

void *arena_take(size_t size) {
  if (test_refuses_allocation() || size > SIZE_MAX / 2) return NULL;
  const bool small = size <= SMALL_BYTES;
  union block *block = small ? take_small(rounded(size)) : malloc(HEADER + size);
  if (!block) return NULL;
  block->size = small ? rounded(size) : size;
  return block + 1;
}

void arena_give_back(void *memory) {
  if (!memory) return;
  union block *block = (union block *)memory - 1;
  if (block->size > SMALL_BYTES) {
    free(block);
    return;
  }
  union block **list = &lists[block->size / UNIT];
  block[1].next = *list;
  *list = block;
}

void *arena_resize(void *memory, size_t size) {
  if (!memory) return arena_take(size);
  if (size == 0) { /* so QuickJS gives its buffers back */
    arena_give_back(memory);
    return NULL;
  }
  union block *block = (union block *)memory - 1;
  const size_t before = block->size;
  if (before > SMALL_BYTES && size > SMALL_BYTES) {
    if (test_refuses_allocation() || size > SIZE_MAX / 2 || !(block = realloc(block, HEADER + size))) return NULL;
    block->size = size;
    return block + 1;
  }
  if (size <= before && before <= SMALL_BYTES) return memory;
  void *fresh = arena_take(size);
  if (!fresh) return NULL;
  memcpy(fresh, memory, before < size ? before : size);
  arena_give_back(memory);
  return fresh;
}

size_t arena_size(const void *memory) { return memory ? ((const union block *)memory - 1)->size : 0; }
