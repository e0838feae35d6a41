// At most 4 KB at a time, all of it written to.
const kept: number[][] = [];
for (;;) kept.push(new Array<number>(256).fill(7));
