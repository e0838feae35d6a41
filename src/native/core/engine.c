#include "engine.h"

#include <quickjs.h>
#include <sys/resource.h>

#include "arena.h"
#include "host.h"
#include "program.h"
#include "snapshot.h"

struct engine_memory engine_memory = {arena_take, arena_give_back, arena_resize, arena_size};

static void *take(JSMallocState *state, size_t size) {
  (void)state;
  return engine_memory.take(size);
}

static void give_back(JSMallocState *state, void *block) {
  (void)state;
  engine_memory.give_back(block);
}

static void *resize(JSMallocState *state, void *block, size_t size) {
  (void)state;
  return engine_memory.resize(block, size);
}

static size_t size_of(const void *block) { return engine_memory.size(block); }

static const JSMallocFunctions functions = {take, give_back, resize, size_of};

/* Half of the stack there is, 256 KB at most: QuickJS's default overruns a small one. */
static size_t stack_for_script(void) {
  struct rlimit limit;
  size_t most = 256 * 1024;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur / 2 < most) most = (size_t)limit.rlim_cur / 2;
  return most;
}

static IN_SNAPSHOT struct {
  JSRuntime *runtime;
  JSContext *ctx;
  JSValue start;
  bool prepared;
} engine = {0};

bool engine_is_prepared(void) { return engine.prepared; }

bool engine_prepare(void) {
  JSRuntime *runtime = JS_NewRuntime2(&functions, NULL);
  if (!runtime) return false;
  JS_SetGCThreshold(runtime, (size_t)-1);
  JS_SetMaxStackSize(runtime, stack_for_script());
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (!ctx) return false;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicJSON(ctx);
  program_intrinsics(ctx);
  host_define(ctx);
  JSValue script = JS_ReadObject(ctx, program_script, program_script_size, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  if (JS_IsException(script) || JS_IsException(JS_EvalFunction(ctx, script))) return false;
  JSValue global = JS_GetGlobalObject(ctx), start = JS_GetPropertyStr(ctx, global, "start");
  if (!JS_IsFunction(ctx, start)) return false;
  engine.runtime = runtime;
  engine.ctx = ctx;
  engine.start = start;
  engine.prepared = true;
  return true;
}

bool engine_call(int *exit_code) {
  JS_UpdateStackTop(engine.runtime);
  JS_SetMaxStackSize(engine.runtime, stack_for_script());
  JSValue code = JS_Call(engine.ctx, engine.start, JS_UNDEFINED, 0, NULL);
  if (!JS_IsNumber(code)) return false;
  return JS_ToInt32(engine.ctx, exit_code, code) == 0;
}

void engine_settle(void) { JS_RunGC(engine.runtime); }
