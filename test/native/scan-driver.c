/* The scanner by itself, for tests: reads frames "<length> <limits> <everywhere> <cut> <any value>\n<bytes>" and
   prints one line of numbers each; <cut> is the number of a name, or -1. */
#include <stdio.h>
#include <stdlib.h>

#include "scan.h"

int main(void) {
  static const char *const names[] = {"cniVersion", "name", "prevResult", "logFile", "label"};
  static struct scan_request request;
  static struct scan_result result;
  unsigned long length;
  int everywhere, cut, any_value;
  request.name_count = 5;
  for (int i = 0; i < 5; i++) request.names[i] = names[i];
  while (scanf("%lu %u %u %d %d %d", &length, &request.depth_limit, &request.secret_limit, &everywhere, &cut, &any_value) == 6) {
    request.search_everywhere = everywhere;
    request.cut = cut >= 0;
    request.cut_name = cut >= 0 ? (unsigned)cut : 0;
    request.any_value = any_value;
    getchar();
    unsigned char *text = malloc(length ? length : 1); /* exactly as long as the input, so that a sanitizer sees a byte too many */
    if (fread(text, 1, length, stdin) != length) return 1;
    scan_json(text, length, &request, &result);
    printf("%d %u", (int)result.error, result.at);
    if (result.error == SCAN_OK) {
      printf(" %u %u %d %d %u", result.start, result.end, result.raw_newline, result.overflow, result.cut_count);
      for (int i = 0; i < 5; i++) printf(" %u %u", result.member[i].start, result.member[i].end);
      for (unsigned i = 0; i < result.cut_count; i++) printf(" %u %u", result.cut[i].start, result.cut[i].end);
      for (unsigned i = 0; i < result.secret_count; i++)
        printf(" %u %u %u", result.secret[i].start, result.secret[i].end, result.secret[i].inner);
    }
    printf("\n");
    fflush(stdout);
    free(text);
  }
  return 0;
}
