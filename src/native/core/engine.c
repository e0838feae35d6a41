#include "engine.h"

#include <sys/resource.h>

#include "arena.h"

static void *take(JSMallocState *state, size_t size) {
  (void)state;
  return arena_take(size);
}

static void give_back(JSMallocState *state, void *block) {
  (void)state;
  arena_give_back(block);
}

static void *resize(JSMallocState *state, void *block, size_t size) {
  (void)state;
  return arena_resize(block, size);
}

static const JSMallocFunctions arena = {take, give_back, resize, arena_size};

/* Half of the stack there is, 256 KB at most: QuickJS's default overruns a small one. */
static size_t stack_for_script(void) {
  struct rlimit limit;
  size_t most = 256 * 1024;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur / 2 < most) most = (size_t)limit.rlim_cur / 2;
  return most;
}

JSContext *engine_start(void) {
  JSRuntime *runtime = JS_NewRuntime2(&arena, NULL);
  if (!runtime) return NULL;
  JS_SetGCThreshold(runtime, (size_t)-1);
  JS_SetMaxStackSize(runtime, stack_for_script());
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (!ctx) return NULL;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicJSON(ctx);
  return ctx;
}

JSValue engine_run(JSContext *ctx, const uint8_t *bytecode, size_t length) {
  JSValue script = JS_ReadObject(ctx, bytecode, length, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  return JS_IsException(script) ? script : JS_EvalFunction(ctx, script);
}
