function descend(depth: number): number {
  return descend(depth + 1) + 1;
}
descend(0);
