/* A plugin of no use: reads its standard input to the end and writes a result, or BENCH_OUTPUT bytes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  static char part[64 * 1024];
  static const char result[] = "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"eth0\",\"sandbox\":\"/var/run/netns/x\"}],"
                               "\"ips\":[{\"address\":\"10.244.1.3/24\",\"gateway\":\"10.244.1.1\",\"interface\":0}]}\n";
  while (read(0, part, sizeof part) > 0) continue;
  const char *wanted = getenv("BENCH_OUTPUT");
  if (!wanted) return write(1, result, sizeof result - 1) < 0;
  memset(part, 'x', sizeof part);
  for (long left = atol(wanted), step; left > 0; left -= step) {
    step = left < (long)sizeof part ? left : (long)sizeof part;
    if (write(1, part, (size_t)step) != step) return 1;
  }
  return 0;
}
