/* The scanner by itself, for tests: reads frames "<length> <limits> <everywhere>\n<bytes>" and prints one line of numbers
   each. */
#include <stdio.h>
#include <stdlib.h>

#include "scan.h"

int main(void) {
  static const char *const names[] = {"cniVersion", "name", "prevResult", "logFile", "label"};
  static struct scan_request request;
  static struct scan_result result;
  unsigned long length;
  int everywhere;
  request.name_count = 5;
  for (int i = 0; i < 5; i++) request.names[i] = names[i];
  while (scanf("%lu %u %u %d", &length, &request.depth_limit, &request.secret_limit, &everywhere) == 4) {
    request.search_everywhere = everywhere;
    getchar();
    unsigned char *text = malloc(length ? length : 1); /* exactly as long as the input, so that a sanitizer sees a byte too many */
    if (fread(text, 1, length, stdin) != length) return 1;
    scan_json(text, length, &request, &result);
    printf("%d %u", (int)result.error, result.at);
    if (result.error == SCAN_OK) {
      printf(" %u %u %d %d", result.start, result.end, result.raw_newline, result.overflow);
      for (int i = 0; i < 5; i++) printf(" %u %u", result.member[i].start, result.member[i].end);
      for (unsigned i = 0; i < result.secret_count; i++)
        printf(" %u %u %u", result.secret[i].start, result.secret[i].end, result.secret[i].inner);
    }
    printf("\n");
    fflush(stdout);
    free(text);
  }
  return 0;
}
