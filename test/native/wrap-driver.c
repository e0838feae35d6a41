/* The parts of cni_wrap that keep and show what a plugin says, by themselves, for tests. Reads frames
   "quote LENGTH CUT FROM TO REDACT\n<bytes>", and prints the content of the JSON string in hexadecimal digits; and
   "capture LIMIT TAIL_LIMIT COUNT SIZE...\n", which takes so many parts of those sizes, and prints what was kept: the first
   bytes, the last ones, all; then 1 where they are the right ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "io.h"
#include "quote.h"

static uint8_t start[IO_FIRST_BYTES];

static uint8_t byte_at(uint64_t at) { return (uint8_t)(at * 31 + at / 251); }

static int quote(void) {
  size_t length, from, to;
  int cut, redact;
  if (scanf("%zu %d %zu %zu %d", &length, &cut, &from, &to, &redact) != 5) return 1;
  getchar();
  uint8_t *text = malloc(length ? length : 1); /* exactly as long as the input, so that a sanitizer sees a byte too many */
  if (fread(text, 1, length, stdin) != length) return 1;
  struct quote quoted = {0};
  if (!quote_begin(&quoted, to - from)) return 1;
  quote_add(&quoted, &(struct quote_part){.text = text, .length = length, .cut = cut, .shown_from = from, .shown_to = to}, redact);
  quote_end(&quoted);
  if (quoted.length > quoted.capacity) return 1;
  for (size_t i = 1; i < quoted.length - 1; i++) printf("%02x", quoted.text[i]);
  printf("\n");
  quote_clear(&quoted);
  free(text);
  return 0;
}

static int capture(void) {
  size_t limit, tail_limit;
  int count;
  if (scanf("%zu %zu %d", &limit, &tail_limit, &count) != 3) return 1;
  struct capture kept = {.start = start, .head = start, .capacity = IO_FIRST_BYTES, .limit = limit, .tail_limit = tail_limit};
  capture_clear(&kept);
  uint64_t at = 0;
  for (size_t size; count > 0 && scanf("%zu", &size) == 1; count--)
    for (size_t room; size > 0;) {
      uint8_t *to = capture_room(&kept, &room);
      size_t step = size < room ? size : room;
      if (capture_is_full(&kept)) {
        capture_pass(&kept, step);
      } else {
        for (size_t i = 0; i < step; i++) to[i] = byte_at(at + i);
        capture_take(&kept, to, step);
      }
      at += step;
      size -= step;
    }
  const uint8_t *tail = NULL;
  const size_t last = capture_tail(&kept, &tail);
  int right = kept.total == at;
  for (size_t i = 0; i < kept.length; i++) right &= kept.head[i] == byte_at(i);
  for (size_t i = 0; i < last; i++) right &= tail[i] == byte_at(at - last + i);
  printf("%zu %zu %llu %d\n", kept.length, last, (unsigned long long)kept.total, right);
  capture_clear(&kept);
  return 0;
}

int main(void) {
  char what[16];
  while (scanf("%15s", what) == 1) {
    if (strcmp(what, "quote") == 0 ? quote() : capture()) return 1;
    fflush(stdout);
  }
  return 0;
}
