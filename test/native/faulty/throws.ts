Object.assign(globalThis, {
  start() {
    throw new Error("a script that throws");
  },
});
