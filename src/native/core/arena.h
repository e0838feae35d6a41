/* Memory for a process that lives a fraction of a millisecond: taken from the front; what is given back waits, sorted
   by its size, for the next block like it. Nothing goes back to the kernel. */
#ifndef CNI_TAP_ARENA_H
#define CNI_TAP_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when the arena's 16 MB are used up. Aligned to 8 bytes. */
void *arena_take(size_t size);

void arena_give_back(void *block);

/* Grows or shrinks a block, in place where it is the last one. */
void *arena_resize(void *block, size_t size);

/* The size a block was taken with. */
size_t arena_size(const void *block);

/* For the build of a snapshot. Calls take from ARENA_CALLS; what they read and do not write is better kept apart, in
   ARENA_STILL: only written pages are copied. */
enum arena_part { ARENA_CALLS, ARENA_STILL, ARENA_PARTS };
void arena_choose(enum arena_part part);

/* Clears what is free, so that the same calls leave the same bytes. False when more was taken than a snapshot has room
   for. */
bool arena_settle(void);

#endif
