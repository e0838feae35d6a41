/* Each frame: "WHAT PATHS LENGTH\n" and that many bytes. WHAT is "find" or "keep"; PATHS are as 1.2,-3. Answers "-" for what
   is no message, the numbers of the spans, or what is kept in hexadecimal digits. */
#include "fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 256 };

static char known[FIELD_SETS_MOST][TEXT];

static int set_of(const char *text) {
  struct field_path path[FIELD_PATHS_MOST] = {0};
  uint32_t paths = 0;
  int set = 0;
  while (set < FIELD_SETS_MOST && *known[set] && strcmp(known[set], text) != 0) set++;
  if (set == FIELD_SETS_MOST) exit(2);
  if (*known[set]) return set;
  strcpy(known[set], text);
  for (const char *at = text; paths == 0 || at[-1];) {
    struct field_path *one = &path[paths++];
    do one->number[one->length++] = (int32_t)strtol(at, (char **)&at, 10);
    while (*at++ == '.');
  }
  if (fields_define(path, paths) != set) exit(3);
  return set;
}

int main(void) {
  char what[8], paths[TEXT];
  size_t length;
  while (scanf("%7s %255s %zu", what, paths, &length) == 3) {
    getchar();
    /* Exactly as long as the input, so that a sanitizer sees a byte too many. */
    uint8_t *bytes = malloc(length ? length : 1), *kept = malloc(length ? length : 1);
    if (fread(bytes, 1, length, stdin) != length) return 1;
    int set = set_of(paths);
    if (strcmp(what, "find") == 0) {
      int32_t found = fields_find(bytes, 0, length, set);
      if (found < 0) printf("-");
      for (int32_t i = 0; i < 3 * found; i++) printf(" %d", fields_spans[i]);
    } else {
      uint8_t *end = fields_keep(kept, bytes, bytes + length, set);
      if (!end) printf("-");
      for (uint8_t *at = kept; end && at < end; at++) printf("%02x", *at);
    }
    printf("\n");
    fflush(stdout);
    free(bytes);
    free(kept);
  }
  return 0;
}
