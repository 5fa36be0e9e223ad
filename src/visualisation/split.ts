import { circlesOf } from './circles';
import { Frame, type Item, type Column } from './frame';
import { listsOf } from './lists';
import { append } from '../values/append';

/** A dependency of one box on another. */
export interface Edge {
  readonly from: Item;
  readonly to: Item;
}

/** Number of neighbours on one side from which an item is a hub, which belongs to no part in particular. */
const HUB = 12;

/**
 * Makes a frame readable by inner frames. Groups that depend on each other become one, as do many items with the
 * same wiring. Each part that only hubs connect gets a frame of its own.
 *
 * @param edges between items of the frame, each once
 * @param hasGroups whether an item is a group, open or closed; without groups there are no circles
 */
export function split(frame: Frame, edges: readonly Edge[], hasGroups: boolean): void {
  let own = hasGroups ? untangle(frame, edges) : edges;
  // A hub whose neighbours became a block is a hub no longer, and may be part of a block itself.
  for (let before = Number.POSITIVE_INFINITY; frame.items.length > 2 && frame.items.length < before;) {
    before = frame.items.length;
    own = separate(frame, own);
  }
}

function untangle(frame: Frame, edges: readonly Edge[]): readonly Edge[] {
  const items = [...frame.items];
  const knots = circles(items, edges);
  if (knots.length === 0) return edges;
  const within = new Map<Item, Frame>();
  for (const circle of knots) {
    const tangle = new Frame('tangle');
    for (const item of circle) within.set(item, tangle);
    tangle.columns = columnOf(undefined, circle);
    const addAll = ({ items: own, columns }: Column): void => {
      for (const item of own) tangle.add(item);
      for (const column of columns) addAll(column);
    };
    addAll(tangle.columns);
  }
  frame.items.length = 0;
  const added = new Set<Item>();
  for (const item of items) {
    const outer = within.get(item) ?? item;
    if (!added.has(outer)) frame.add(outer);
    added.add(outer);
  }
  return distinct(
    edges.map(({ from, to }) => ({ from: within.get(from) ?? from, to: within.get(to) ?? to })),
  );
}

function columnOf(group: number | undefined, items: readonly Item[]): Column {
  const column: Column = { group, items: [], columns: [] };
  for (const item of items) {
    if (item instanceof Frame) column.columns.push(columnOf(item.group, item.items));
    else column.items.push(item);
  }
  return column;
}

/** Removes duplicates. Edges between two boxes that are not frames are unique. */
export function distinct(edges: readonly Edge[]): Edge[] {
  const seen = new Map<Item, Set<Item>>();
  return edges.filter(({ from, to }) => {
    if (from === to) return false;
    if (!(from instanceof Frame) && !(to instanceof Frame)) return true;
    let known = seen.get(from);
    if (!known) seen.set(from, (known = new Set()));
    if (known.has(to)) return false;
    known.add(to);
    return true;
  });
}

/** Sets of two or more items that need each other. */
function circles(items: readonly Item[], edges: readonly Edge[]): Item[][] {
  const from = Int32Array.from(edges, (edge) => edge.from.cell);
  const to = Int32Array.from(edges, (edge) => edge.to.cell);
  const circle = circlesOf(items.length, listsOf(items.length, from, to));
  const members = new Map<number, Item[]>();
  for (const item of items) {
    append(members, circle[item.cell]!, item);
  }
  return [...members.values()].filter(({ length }) => length > 1);
}

function separate(frame: Frame, edges: readonly Edge[]): readonly Edge[] {
  const items = [...frame.items];
  const ins = new Array<number>(items.length).fill(0);
  const outs = new Array<number>(items.length).fill(0);
  for (const { from, to } of edges) {
    outs[from.cell]!++;
    ins[to.cell]!++;
  }
  const isHub = items.map((_, cell) => ins[cell]! > HUB || outs[cell]! > HUB);
  const root = items.map((_, cell) => cell);
  const rootOf = (cell: number): number => {
    let at = cell;
    while (root[at] !== at) at = root[at] = root[root[at]!]!;
    return at;
  };
  for (const { from, to } of edges) {
    if (isHub[from.cell] || isHub[to.cell]) continue;
    const [a, b] = [rootOf(from.cell), rootOf(to.cell)];
    root[Math.max(a, b)] = Math.min(a, b);
  }
  const hubs = new Map<number, Set<number>>();
  const note = (part: number, hub: number): void => {
    const known = hubs.get(part);
    if (known) known.add(hub);
    else hubs.set(part, new Set([hub]));
  };
  for (const { from, to } of edges) {
    if (isHub[from.cell] && !isHub[to.cell]) note(rootOf(to.cell), -1 - from.cell);
    if (isHub[to.cell] && !isHub[from.cell]) note(rootOf(from.cell), to.cell);
  }
  const parts = new Map<number, Item[]>();
  items.forEach((item, cell) => {
    if (isHub[cell]) return;
    append(parts, rootOf(cell), item);
  });
  const alike = new Map<string, Item[][]>();
  for (const [part, members] of parts) {
    const key = [...(hubs.get(part) ?? [])].sort((a, b) => a - b).join();
    append(alike, key, members);
  }
  const blocks = [...alike.values()].filter(
    (same) =>
      same.length > HUB ||
      (same.length > 1 && same.some((part) => part.length > 1 || part[0] instanceof Frame)),
  );
  if (blocks.length === 0) return edges;
  const blockOf = new Map<Item, number>();
  blocks.forEach((same, index) => {
    for (const item of same.flat()) blockOf.set(item, index);
  });
  const kept = acyclic(items, edges, blockOf);
  if (kept.size === 0) return edges;
  frame.items.length = 0;
  const made = new Map<number, Frame>();
  for (const item of items) {
    const index = blockOf.get(item);
    if (index === undefined || !kept.has(index)) frame.add(item);
    else if (!made.has(index)) {
      const block = blockFrame(blocks[index]!);
      made.set(index, block);
      frame.add(block);
    }
  }
  const outer = (item: Item): Item => made.get(blockOf.get(item) ?? -1) ?? item;
  return distinct(edges.map(({ from, to }) => ({ from: outer(from), to: outer(to) })));
}

function blockFrame(parts: readonly (readonly Item[])[]): Frame {
  const block = new Frame('block');
  for (const part of parts) {
    if (part.length === 1) block.add(part[0]!);
    else {
      const inner = new Frame('layered');
      for (const item of part) inner.add(item);
      block.add(inner);
    }
  }
  return block;
}

/** The blocks that do not depend on themselves by way of other items. */
function acyclic(
  items: readonly Item[],
  edges: readonly Edge[],
  blockOf: ReadonlyMap<Item, number>,
): Set<number> {
  const nodeOf = (item: Item): number => blockOf.get(item) ?? -1 - item.cell;
  const missing = new Map<number, number>();
  const children = new Map<number, number[]>();
  for (const item of items) {
    missing.set(nodeOf(item), 0);
    children.set(nodeOf(item), []);
  }
  for (const { from, to } of edges) {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a === b) continue;
    children.get(a)!.push(b);
    missing.set(b, missing.get(b)! + 1);
  }
  const free = [...missing].filter(([, count]) => count === 0).map(([node]) => node);
  const done = new Set<number>();
  for (const node of free) {
    if (node >= 0) done.add(node);
    for (const child of children.get(node)!) {
      const left = missing.get(child)! - 1;
      missing.set(child, left);
      if (left === 0) free.push(child);
    }
  }
  return done;
}
