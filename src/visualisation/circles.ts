import type { Lists } from './lists';

/**
 * The number of each node's circle: nodes that need each other share it (strongly connected components, by Tarjan's
 * algorithm without recursion). A circle has a higher number than the circles that it needs.
 */
export function circlesOf(count: number, children: Lists): Int32Array {
  const circle = new Int32Array(count).fill(-1);
  const index = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const next = children.starts.slice(0, count);
  const open: number[] = [];
  let entered = 0;
  let found = 0;
  for (let root = 0; root < count; root++) {
    if (index[root] !== -1) continue;
    const path: number[] = [];
    const enter = (node: number): void => {
      index[node] = low[node] = entered++;
      open.push(node);
      path.push(node);
    };
    enter(root);
    while (path.length > 0) {
      const node = path.at(-1)!;
      if (next[node]! < children.starts[node + 1]!) {
        const child = children.of[next[node]!++]!;
        if (index[child] === -1) enter(child);
        else if (circle[child] === -1) low[node] = Math.min(low[node]!, index[child]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== index[node]) continue;
      for (const member of open.splice(open.lastIndexOf(node))) circle[member] = found;
      found++;
    }
  }
  return circle;
}
