/* The functions of src/native/host.ts that a script calls. */
#ifndef CNI_TAP_HOST_H
#define CNI_TAP_HOST_H

#include <quickjs.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/* Makes the global `host`. */
void host_define(JSContext *ctx);

/* Scans a slice of a source for members, and makes the script's Scan of it. */
enum host_scan { HOST_SCAN_CUT = 1 /* the first of the names */, HOST_SCAN_EVERYWHERE = 2, HOST_SCAN_ANY_VALUE = 4 };
JSValue host_scan(JSContext *ctx, uint32_t start, uint32_t end, JSValueConst names, unsigned how);

/* A list of pieces: a string is its own, two numbers are a slice of a source. */
struct host_pieces {
  struct iovec *piece; /* piece[0] is kept free */
  int count;           /* with the free one */
  size_t bytes;
  uint8_t *slice; /* 1 for each that is one */
};
bool host_read_pieces(JSContext *ctx, JSValueConst list, struct host_pieces *pieces);

#endif
