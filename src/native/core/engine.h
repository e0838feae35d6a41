/* QuickJS with nothing but base objects and JSON, in the arena, and the program's script in it. */
#ifndef CNI_TAP_ENGINE_H
#define CNI_TAP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

/* Where QuickJS's memory comes from: the arena. The build of a snapshot puts functions of its own in between. */
struct engine_memory {
  void *(*take)(size_t size);
  void (*give_back)(void *block);
  void *(*resize)(void *block, size_t size);
  size_t (*size)(const void *block);
};
extern struct engine_memory engine_memory;

/* Whether the executable has its snapshot. */
bool engine_is_prepared(void);

/* Makes a context and runs the script's top level. False when memory is used up or the script left no `start`. */
bool engine_prepare(void);

/* Calls the script's `start`; false when that gave no exit code. */
bool engine_call(int *exit_code);

/* Frees what a call has left: for a snapshot. */
void engine_settle(void);

#endif
