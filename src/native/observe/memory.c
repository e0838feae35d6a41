/* core/arena.h for a process that lives for months: the C library's memory, which goes back to the kernel. */
#include "arena.h"

#include <malloc.h>
#include <stdlib.h>

#include "test-allocation.h"

void *arena_take(size_t size) { return test_refuses_allocation() ? NULL : malloc(size ? size : 1); }

void arena_give_back(void *block) { free(block); }

void *arena_resize(void *block, size_t size) { return test_refuses_allocation() ? NULL : realloc(block, size ? size : 1); }

size_t arena_size(const void *block) { return block ? malloc_usable_size((void *)block) : 0; }
