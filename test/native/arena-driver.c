/* The arena against a shadow of what every block must hold: takes, resizes and gives back at random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum { BLOCKS = 300, STEPS = 2000000 };

static unsigned long long state = 88172645463325252ull;

static unsigned long long random_number(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

static struct { unsigned char *at; size_t size; unsigned char fill; } block[BLOCKS];

static void check(int i) {
  if (arena_size(block[i].at) < block[i].size || (size_t)block[i].at % 8) printf("block %d is wrong\n", i), exit(1);
  for (size_t b = 0; b < block[i].size; b++)
    if (block[i].at[b] != block[i].fill) printf("block %d of %zu lost byte %zu\n", i, block[i].size, b), exit(1);
}

/* What is left is had in pieces of this size, to the last one, and all pieces given back can be had again. */
static size_t take_all(size_t piece) {
  static unsigned char *at[20000];
  size_t count = 0;
  while (count < sizeof at / sizeof *at && (at[count] = arena_take(piece))) memset(at[count++], 1, piece);
  for (size_t i = 0; i < count; i++) arena_give_back(at[i]);
  for (size_t i = 0; i < count; i++)
    if (!arena_take(piece)) printf("a block of %zu that was given back is gone\n", piece), exit(1);
  return count * piece;
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) { /* how many bytes there are in all, in pieces of 1 KB */
    printf("%zu\n", take_all(1024));
    return 0;
  }
  for (int step = 0; step < STEPS; step++) {
    int i = (int)(random_number() % BLOCKS);
    size_t size = random_number() % (random_number() % 50 ? 200 : 9000);
    if (block[i].at) check(i);
    if (block[i].at && random_number() % 2) {
      arena_give_back(block[i].at);
      block[i].at = NULL;
      continue;
    }
    unsigned char *fresh = block[i].at ? arena_resize(block[i].at, size) : arena_take(size);
    if (!fresh) printf("used up at step %d\n", step), exit(1);
    size_t kept = block[i].at ? (block[i].size < size ? block[i].size : size) : 0;
    for (size_t b = 0; b < kept; b++)
      if (fresh[b] != block[i].fill) printf("resize of %d lost byte %zu\n", i, b), exit(1);
    block[i].at = fresh;
    block[i].size = size;
    block[i].fill = (unsigned char)step;
    memset(fresh, block[i].fill, size);
  }
  if (arena_take((size_t)-1) || arena_take(17u << 20)) printf("took more than there is\n"), exit(1);
  printf("ok\n");
  return 0;
}
