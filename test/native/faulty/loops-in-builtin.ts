// QuickJS does not call its interrupt handler while it is inside a builtin.
Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
