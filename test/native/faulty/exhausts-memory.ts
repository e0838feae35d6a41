function start(): never {
  const kept: string[] = [];
  for (let text = "x"; ; text += text) kept.push(text);
}

Object.assign(globalThis, { start });
