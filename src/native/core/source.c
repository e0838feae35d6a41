#include "source.h"

struct source source[SOURCES];

bool source_slice(uint32_t start, uint32_t end, struct iovec *slice) {
  uint32_t number = start >> SOURCE_BITS;
  if (number >= SOURCES) return false;
  uint32_t from = start - source_base((int)number), to = end - source_base((int)number);
  if (end < start || to > source[number].length) return false;
  *slice = (struct iovec){(void *)(source[number].text + from), to - from};
  return true;
}
