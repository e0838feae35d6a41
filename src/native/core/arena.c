#include "arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "snapshot.h"
#include "test-allocation.h"

/* STILL_BYTES and CALLS_BYTES are a part of the snapshot, and so of the file. A call goes on in FIRST_BYTES (pages nobody
   touches cost nothing); 64 MB at once would fail where RLIMIT_AS is 64 MB, so more comes in chunks. */
enum {
  STILL_BYTES = 144 * 1024,
  CALLS_BYTES = 36 * 1024,
  FIRST_BYTES = 512 * 1024,
  CHUNK_BYTES = 1024 * 1024,
  LIMIT_BYTES = 16 * 1024 * 1024,
  HEADER = 8
};

/* Small sizes each have a list of free blocks; the others share one, in which only the first few are looked at. */
enum { UNIT = 8, SMALL_BYTES = 1024, LARGE_TRIES = 8 };

struct free_block {
  struct free_block *next;
};

struct part {
  uint8_t *next, *end;
  struct free_block *small[SMALL_BYTES / UNIT + 1], *large;
};

static IN_SNAPSHOT struct {
  size_t total;
  struct part parts[ARENA_PARTS];
  _Alignas(16) uint8_t calls[CALLS_BYTES];
  _Alignas(16) uint8_t still[STILL_BYTES];
} arena = {
    .total = CALLS_BYTES,
    .parts = {[ARENA_CALLS] = {.next = arena.calls, .end = arena.calls + CALLS_BYTES},
              [ARENA_STILL] = {.next = arena.still, .end = arena.still + STILL_BYTES}},
};
static _Alignas(16) uint8_t first[FIRST_BYTES];
static enum arena_part chosen = ARENA_CALLS;

void arena_choose(enum arena_part part) { chosen = part; }

static struct part *part_of(const void *block) {
  bool still = (const uint8_t *)block >= arena.still && (const uint8_t *)block < arena.still + STILL_BYTES;
  return &arena.parts[still ? ARENA_STILL : ARENA_CALLS];
}

/* Room for the link of a free block, and a multiple of UNIT. */
static size_t rounded(size_t size) { return size ? (size + UNIT - 1) & ~(size_t)(UNIT - 1) : UNIT; }

static size_t *size_of(void *block) { return (size_t *)((uint8_t *)block - HEADER); }

size_t arena_size(const void *block) { return block ? rounded(*size_of((void *)block)) : 0; }

/* A block that is large enough. It keeps a larger size, and so its list when it is given back. */
static void *with_room_for(void *block, size_t size) {
  if (*size_of(block) < size) *size_of(block) = size;
  return block;
}

static struct free_block **list_of(struct part *part, size_t rounded_size) {
  return rounded_size <= SMALL_BYTES ? &part->small[rounded_size / UNIT] : &part->large;
}

static void *take_free(struct part *part, size_t size) {
  struct free_block **link = list_of(part, size);
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
  struct free_block **list = list_of(part_of(block), rounded(*size_of(block)));
  ((struct free_block *)block)->next = *list;
  *list = block;
}

/* Room for so many bytes at the part's front. */
static bool make_room(struct part *part, size_t need) {
  if (need <= (size_t)(part->end - part->next)) return true;
  if (part != &arena.parts[ARENA_CALLS]) return false;
  bool is_first = arena.total == CALLS_BYTES && need <= FIRST_BYTES;
  size_t chunk = is_first ? FIRST_BYTES : need > CHUNK_BYTES ? need : CHUNK_BYTES;
  if (arena.total + chunk > LIMIT_BYTES) return false;
  void *fresh = is_first ? first : mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) return false;
  arena.total += chunk;
  part->next = fresh;
  part->end = part->next + chunk;
  return true;
}

void *arena_take(size_t size) {
  if (test_refuses_allocation()) return NULL;
  if (size > LIMIT_BYTES) return NULL;
  struct part *part = &arena.parts[chosen];
  void *again = take_free(part, rounded(size));
  if (again) return with_room_for(again, size);
  size_t need = rounded(size) + HEADER;
  if (!make_room(part, need)) return NULL;
  uint8_t *block = part->next + HEADER;
  part->next += need;
  *size_of(block) = size;
  return block;
}

void *arena_resize(void *block, size_t size) {
  if (!block) return arena_take(size);
  if (size > LIMIT_BYTES) return NULL; /* and so none that wraps when it is rounded */
  size_t old = arena_size(block);
  struct part *part = part_of(block);
  uint8_t *start = block;
  if (start + old == part->next && rounded(size) <= (size_t)(part->end - start)) {
    part->next = start + rounded(size);
    *size_of(block) = size;
    return block;
  }
  if (rounded(size) <= old) return with_room_for(block, size);
  void *fresh = arena_take(size);
  if (fresh) {
    memcpy(fresh, block, old);
    arena_give_back(block);
  }
  return fresh;
}

static void clear_list(struct free_block *block) {
  for (; block; block = block->next) memset(block + 1, 0, rounded(*size_of(block)) - sizeof *block);
}

bool arena_settle(void) {
  if (arena.total != CALLS_BYTES) return false;
  for (struct part *part = arena.parts; part < arena.parts + ARENA_PARTS; part++) {
    for (size_t i = 0; i <= SMALL_BYTES / UNIT; i++) clear_list(part->small[i]);
    clear_list(part->large);
    memset(part->next, 0, (size_t)(part->end - part->next));
  }
  return true;
}
