import { circlesOf } from './circles';
import type { FrameNet } from './frame';
import { listsOf, type Lists } from './lists';

/** Sets the channels of a net. */
export function setReach(net: FrameNet, row: ArrayLike<number>, rows: number): void {
  let [first, last] = [net.enters ? 0 : rows, net.leaves ? rows : 0];
  for (const cell of net.sources) {
    first = Math.min(first, row[cell]! + 1);
    last = Math.max(last, row[cell]! + 1);
  }
  for (const cell of net.targets) {
    first = Math.min(first, row[cell]!);
    last = Math.max(last, row[cell]!);
  }
  net.first = first;
  net.last = last;
}

/** Rows of cells: each below everything that it needs; with more outgoing than incoming lines, close to its users. */
export function tightRows(count: number, nets: readonly FrameNet[]): Int32Array {
  const { parents, children } = neighbours(count, nets);
  const order = topological(count, { parents, children });
  const rank = new Int32Array(count);
  order.forEach((cell, at) => (rank[cell] = at));
  const row = new Int32Array(count);
  for (const cell of order) {
    for (let at = parents.starts[cell]!; at < parents.starts[cell + 1]!; at++) {
      const parent = parents.of[at]!;
      if (rank[parent]! < rank[cell]!) row[cell] = Math.max(row[cell]!, row[parent]! + 1);
    }
  }
  for (let place = count - 1; place >= 0; place--) {
    const cell = order[place]!;
    const [from, to] = [children.starts[cell]!, children.starts[cell + 1]!];
    if (to - from <= parents.starts[cell + 1]! - parents.starts[cell]!) continue;
    let lowest = Number.POSITIVE_INFINITY;
    for (let at = from; at < to; at++) {
      const child = children.of[at]!;
      if (rank[child]! > place) lowest = Math.min(lowest, row[child]! - 1);
    }
    if (lowest !== Number.POSITIVE_INFINITY) row[cell] = Math.max(row[cell]!, lowest);
  }
  const isUsed = new Uint8Array(count);
  for (const at of row) isUsed[at] = 1;
  const places = new Int32Array(count);
  for (let at = 1; at < count; at++) places[at] = places[at - 1]! + isUsed[at - 1]!;
  return row.map((at) => places[at]!);
}

interface Neighbours {
  readonly parents: Lists;
  readonly children: Lists;
}

function neighbours(count: number, nets: readonly FrameNet[]): Neighbours {
  // A net has one source or one target, so the product is its number of lines.
  const lines = nets.reduce((sum, { sources, targets }) => sum + sources.length * targets.length, 0);
  const from = new Int32Array(lines);
  const to = new Int32Array(lines);
  let line = 0;
  for (const { sources, targets } of nets) {
    for (const source of sources) {
      for (const target of targets) {
        from[line] = source;
        to[line++] = target;
      }
    }
  }
  return { parents: listsOf(count, to, from), children: listsOf(count, from, to) };
}

/**
 * Parents first. Items that need one another keep their order, and follow once everything else that they need is
 * placed.
 */
function topological(count: number, { parents, children }: Neighbours): Int32Array {
  const missing = new Int32Array(count);
  for (let cell = 0; cell < count; cell++) missing[cell] = parents.starts[cell + 1]! - parents.starts[cell]!;
  const order = new Int32Array(count);
  let length = 0;
  const isDone = new Uint8Array(count);
  const add = (cell: number): void => {
    isDone[cell] = 1;
    order[length++] = cell;
  };
  const follow = (from: number): void => {
    for (let place = from; place < length; place++) {
      const cell = order[place]!;
      for (let at = children.starts[cell]!; at < children.starts[cell + 1]!; at++) {
        const child = children.of[at]!;
        if (--missing[child]! <= 0 && isDone[child] === 0) add(child);
      }
    }
  };
  for (let cell = 0; cell < count; cell++) if (missing[cell] === 0) add(cell);
  follow(0);
  if (length === count) return order;
  const circle = circlesOf(count, children);
  const left = Array.from({ length: count }, (_, cell) => cell).filter((cell) => isDone[cell] === 0);
  for (const cell of left.sort((a, b) => circle[b]! - circle[a]! || a - b)) {
    if (isDone[cell] === 1) continue;
    add(cell);
    follow(length - 1);
  }
  return order;
}
