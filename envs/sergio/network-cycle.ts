/** A directed cycle of the adjacency [d, d] as `a -> b -> a`, or undefined if there is none. */
export function describeCycle(size: number, adjacency: Uint8Array, names: readonly string[]): string | undefined {
  const left = new Set(Array.from({ length: size }, (_, node) => node));
  // Whatever remains after removing nodes without a remaining parent over and over has a parent that remains.
  const parentIn = (node: number) => [...left].find((parent) => adjacency[parent * size + node] === 1);
  for (let removed = true; removed; ) {
    removed = false;
    for (const node of left) {
      if (parentIn(node) !== undefined) continue;
      left.delete(node);
      removed = true;
    }
  }
  let node = [...left][0];
  if (node === undefined) return undefined;
  const walked: number[] = [];
  while (!walked.includes(node)) {
    walked.push(node);
    node = parentIn(node)!;
  }
  const cycle = [...walked.slice(walked.indexOf(node)), node].reverse();
  return cycle.map((member) => names[member]).join(' -> ');
}
