Object.assign(globalThis, {
  start() {
    for (;;);
  },
});
