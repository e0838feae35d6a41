/* What the observer waits for: two Unix sockets, signals that end it, and its writers. Nothing here blocks but
   streams_wait. */
#ifndef CNI_TAP_OBSERVE_STREAMS_H
#define CNI_TAP_OBSERVE_STREAMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As in observe-host.ts. */
enum { STREAM_NRI, STREAM_CRI, STREAMS };
enum { READY_SIGNAL = 1, READY_SOCKET = 1, READY_WRITER = 3 };
enum { STREAM_READ_BYTES = 64 * 1024 };

/* SIGTERM, SIGINT and SIGHUP are waited for from now on; the last two only if they were not ignored (nohup(1)). */
void streams_watch_signals(void);

/* Each returns 0 or an errno. */
int streams_connect(int number, const char *path, size_t length);
int streams_adopt(int number, int fd);
int streams_send(int number, const uint8_t *bytes, size_t length);

size_t streams_unsent(int number);
void streams_close(int number);

/* Bytes until the next call; 0: the end; a negative errno, -EAGAIN: nothing now. */
ssize_t streams_receive(int number, const uint8_t **bytes);

/* Waits, and sends what was not sent meanwhile. Returns READY_ bits. */
unsigned streams_wait(int ms, unsigned reading);

#endif
