// QuickJS asks nobody while it is inside a builtin.
Object.assign(globalThis, { start: () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) });
