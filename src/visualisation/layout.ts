import type { GraphKnot, RunGraph } from '../authoring/run-graph';
import { Frame, FrameNet, Item, type Column, tidy } from './frame';
import { groupsOf, labelIn, type Group } from './groups';
import type { Box, GroupBox, Picture, PictureOptions } from './picture';
import { HEADER, PADDING, placeFrame } from './route';
import { distinct, split, type Edge } from './split';
import { append } from '../values/append';

const BOX_HEIGHT = 52;
const LEAST_WIDTH = 156;
const MOST_WIDTH = 280;
const LETTER = 7.4;
const BORDER = 24;

interface Line {
  readonly from: Item;
  readonly to: Item;
  /** All lines of a net have one source, or one target. */
  net: number;
  isOfSource: boolean;
  inputs: number;
}

/**
 * Lays out a graph in rows from top to bottom, with groups as boxes around their knots. Wires run between boxes,
 * never through one, and go downward, except into a closed group that both needs and is needed by the same box.
 * Takes linear time. The layout depends on the wiring alone: states move nothing.
 */
export function layoutPicture(
  graph: Pick<RunGraph, 'knots'>,
  { closed = new Set() }: PictureOptions = {},
): Picture {
  const { knots } = graph;
  const { groups, groupOf } = groupsOf(knots);
  const shown = shownGroups(groups, closed);
  const { top, leafOf, leaves } = frames(knots, groups, groupOf, shown);
  if (leaves.length === 0) return { width: 2 * BORDER, height: 2 * BORDER, boxes: [], groups: [], wires: [] };
  const lines = linesOf(knots, leafOf, leaves);
  splitAll(top, lines, closed.size > 0 && groups.length > 0);
  measureDepth(top);
  project(lines);
  placeAll(top, (group) => titleWidth(groups[group]!.name, groups[group]!.members.length));
  moveTo(top, BORDER, BORDER);
  const way = new Way();
  const numbers = new Map([...shown.keys()].map((group, index) => [group, index]));
  const endOf = ({ leaf }: Item): number =>
    leaf < knots.length ? leaf : -1 - numbers.get(leaf - knots.length)!;
  return {
    width: top.width + 2 * BORDER,
    height: top.height + 2 * BORDER,
    boxes: knots.map((_, index) => {
      const leaf = leafOf[index]!;
      return leaf.leaf === index ? boxOf(leaf) : undefined;
    }),
    groups: groupBoxes(groups, numbers, top, leaves, knots.length),
    wires: lines.map((line) => ({
      from: endOf(line.from),
      to: endOf(line.to),
      inputs: line.inputs,
      points: wayOf(line, way),
    })),
  };
}

/** Names of knots without the names of their groups. */
export function labelsOf(knots: readonly Pick<GraphKnot, 'id' | 'kind'>[]): string[] {
  const { groups, groupOf } = groupsOf(knots);
  return knots.map(({ id, kind }, index) => {
    const group = groupOf[index];
    return kind === 'parameter'
      ? id.replace(/^param:/, '')
      : labelIn(id, group === undefined ? undefined : groups[group]!.name);
  });
}

/** Groups outside of closed groups, each with whether it is closed itself. */
function shownGroups(groups: readonly Group[], closed: ReadonlySet<string>): Map<number, boolean> {
  const shown = new Map<number, boolean>();
  groups.forEach(({ name, parent }, index) => {
    if (parent === undefined || shown.get(parent) === false) shown.set(index, closed.has(name));
  });
  return shown;
}

function frames(
  knots: readonly GraphKnot[],
  groups: readonly Group[],
  groupOf: readonly (number | undefined)[],
  shown: ReadonlyMap<number, boolean>,
): { top: Frame; leafOf: Item[]; leaves: Item[] } {
  const top = new Frame('layered');
  const made = new Map<number, Item>();
  const leaves: Item[] = [];
  const labels = labelsOf(knots);
  const itemOf = (group: number): Item => {
    const known = made.get(group);
    if (known) return known;
    const { name, parent, members } = groups[group]!;
    const isClosed = shown.get(group);
    if (isClosed === undefined) return itemOf(parent!);
    const item = isClosed
      ? new Item(knots.length + group, titleWidth(name, members.length), BOX_HEIGHT)
      : new Frame('layered', group);
    made.set(group, item);
    if (isClosed) leaves.push(item);
    frameAround(parent).add(item);
    return item;
  };
  const frameAround = (group: number | undefined): Frame =>
    group === undefined ? top : (itemOf(group) as Frame);
  const leafOf = knots.map((_, index) => {
    const group = groupOf[index];
    const around = group === undefined ? top : itemOf(group);
    if (!(around instanceof Frame)) return around;
    const leaf = new Item(index, boxWidth(labels[index]!), BOX_HEIGHT);
    leaves.push(leaf);
    around.add(leaf);
    return leaf;
  });
  return { top, leafOf, leaves };
}

function boxWidth(label: string): number {
  const width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, label.length * LETTER + 64));
  return 2 * Math.ceil(width / 2);
}

function titleWidth(name: string, members: number): number {
  return boxWidth(`${name} ${members}`);
}

/** Makes one line for each pair of connected boxes, in the net of the end that has more lines. */
function linesOf(knots: readonly GraphKnot[], leafOf: readonly Item[], leaves: readonly Item[]): Line[] {
  const numbers = new Map(leaves.map((leaf, index) => [leaf, index]));
  const numberOf = Int32Array.from(leafOf, (leaf) => numbers.get(leaf)!);
  const found = new Map<number, Line>();
  const outs = new Int32Array(leaves.length);
  const ins = new Int32Array(leaves.length);
  knots.forEach(({ inputs }, index) => {
    const to = numberOf[index]!;
    for (const input of inputs) {
      if (!('from' in input)) continue;
      const from = numberOf[input.from]!;
      if (from === to) continue;
      const key = from * leaves.length + to;
      const known = found.get(key);
      if (known) {
        known.inputs++;
        continue;
      }
      found.set(key, { from: leaves[from]!, to: leaves[to]!, inputs: 1, net: 0, isOfSource: true });
      outs[from]!++;
      ins[to]!++;
    }
  });
  for (const [key, line] of found) {
    const to = key % leaves.length;
    const from = (key - to) / leaves.length;
    line.isOfSource = ins[to]! <= outs[from]!;
    line.net = line.isOfSource ? from : leaves.length + to;
  }
  return [...found.values()];
}

/** Splits frames from the outermost one inward, as splitting a tangle takes its inner frames apart. */
function splitAll(top: Frame, lines: readonly Line[], hasClosed: boolean): void {
  measureDepth(top);
  const edges = new Map<Frame, Edge[]>();
  for (const line of lines) {
    let { from, to } = line as Edge;
    while (from.parent !== to.parent) {
      if (from.parent!.depth >= to.parent!.depth) from = from.parent!;
      else to = to.parent!;
    }
    append(edges, from.parent!, { from, to });
  }
  const go = (frame: Frame): void => {
    const inside = frame.items;
    const groups = inside.filter((item) => item instanceof Frame);
    split(frame, distinct(edges.get(frame) ?? []), hasClosed || groups.length > 0);
    for (const group of groups) if (isIn(group, top)) go(group);
  };
  go(top);
}

/** Whether a frame is still part of the tree. */
function isIn(frame: Frame, top: Frame): boolean {
  let at: Frame | undefined = frame;
  while (at && at !== top) {
    const { parent, cell }: Frame = at;
    if (parent?.items[cell] !== at) return false;
    at = parent;
  }
  return at === top;
}

function measureDepth(frame: Frame): void {
  for (const item of frame.items) {
    if (!(item instanceof Frame)) continue;
    item.depth = frame.depth + 1;
    measureDepth(item);
  }
}

/** Notes in each frame which nets pass it, and between which items. */
function project(lines: readonly Line[]): void {
  // Lines are unique, so only a frame can be an end of a net repeatedly.
  const seen = new Map<Item, Set<number>>();
  const isNew = (item: Item, id: number, side: 0 | 1): boolean => {
    if (!(item instanceof Frame)) return true;
    let known = seen.get(item);
    if (!known) seen.set(item, (known = new Set()));
    if (known.has(2 * id + side)) return false;
    known.add(2 * id + side);
    return true;
  };
  const note = (
    frame: Frame,
    id: number,
    isOfSource: boolean,
    source: Item | undefined,
    target: Item | undefined,
  ): void => {
    let net = frame.nets.get(id);
    if (!net) frame.nets.set(id, (net = new FrameNet(id)));
    if (source === undefined) net.enters = true;
    else if (isOfSource ? net.sources.length === 0 : isNew(source, id, 0)) net.addSource(source.cell);
    if (target === undefined) net.leaves = true;
    else if (isOfSource ? isNew(target, id, 1) : net.targets.length === 0) net.addTarget(target.cell);
  };
  for (const { from: source, to: target, net, isOfSource } of lines) {
    let [from, to] = [source, target];
    while (from.parent !== to.parent) {
      if (from.parent!.depth >= to.parent!.depth) {
        note(from.parent!, net, isOfSource, from, undefined);
        from = from.parent!;
      } else {
        note(to.parent!, net, isOfSource, undefined, to);
        to = to.parent!;
      }
    }
    note(from.parent!, net, isOfSource, from, to);
  }
}

function placeAll(frame: Frame, title: (group: number) => number): void {
  for (const item of frame.items) if (item instanceof Frame) placeAll(item, title);
  placeFrame(frame, title);
}

function moveTo(frame: Frame, x: number, y: number): void {
  frame.x = x;
  frame.y = y;
  for (const item of frame.items) {
    if (item instanceof Frame) moveTo(item, x + item.x, y + item.y);
    else {
      item.x += x;
      item.y += y;
    }
  }
}

function boxOf({ x, y, width, height }: Item): Box {
  return { x, y, width, height };
}

function groupBoxes(
  groups: readonly Group[],
  numbers: ReadonlyMap<number, number>,
  top: Frame,
  leaves: readonly Item[],
  knots: number,
): GroupBox[] {
  const boxes = new Map<number, Box>();
  for (const leaf of leaves) if (leaf.leaf >= knots) boxes.set(leaf.leaf - knots, boxOf(leaf));
  const visit = (frame: Frame): void => {
    if (frame.group !== undefined) boxes.set(frame.group, boxOf(frame));
    if (frame.columns) around(frame.columns, boxes);
    for (const item of frame.items) if (item instanceof Frame) visit(item);
  };
  visit(top);
  const closed = new Set(leaves.flatMap(({ leaf }) => (leaf >= knots ? [leaf - knots] : [])));
  return [...numbers.keys()].map((group) => {
    const { name, depth, parent, members } = groups[group]!;
    return {
      ...boxes.get(group)!,
      name,
      depth,
      ...(parent !== undefined && { parent: numbers.get(parent)! }),
      members,
      isClosed: closed.has(group),
    };
  });
}

function around({ group, items, columns }: Column, boxes: Map<number, Box>): Box {
  const inside = [...items.map(boxOf), ...columns.map((column) => around(column, boxes))];
  const [left, upper] = [Math.min(...inside.map(({ x }) => x)), Math.min(...inside.map(({ y }) => y))];
  const right = Math.max(...inside.map(({ x, width }) => x + width));
  const lower = Math.max(...inside.map(({ y, height }) => y + height));
  const border = group === undefined ? { side: 0, top: 0 } : { side: PADDING, top: HEADER };
  const box = {
    x: left - border.side,
    y: upper - border.top,
    width: right - left + 2 * border.side,
    height: lower - upper + border.top + border.side,
  };
  if (group !== undefined) boxes.set(group, box);
  return box;
}

/** The path of a line outward through the frames of its source, and inward to its target. */
function wayOf({ from: source, to: target, net: id }: Line, way: Way): number[] {
  way.length = 0;
  let [from, to] = [source, target];
  const inward: Item[] = [];
  while (from.parent !== to.parent) {
    const [a, b] = [from.parent!, to.parent!];
    if (a.depth >= b.depth) {
      way.pass(a, id, from, undefined);
      from = a;
    } else {
      inward.push(to);
      to = b;
    }
  }
  way.pass(from.parent!, id, from, to);
  for (let at = inward.length - 1; at >= 0; at--) way.pass(inward[at]!.parent!, id, undefined, inward[at]);
  return way.points();
}

/** Collects the points of one path; the buffer is reused for the next path. */
class Way {
  private all = new Float64Array(64);
  length = 0;

  points(): number[] {
    const points = new Array<number>(this.length);
    for (let at = 0; at < this.length; at++) points[at] = this.all[at]!;
    return points;
  }

  pass(frame: Frame, id: number, from: Item | undefined, to: Item | undefined): void {
    const net = frame.nets.get(id)!;
    const { net: nets, y, uppers, lowers } = frame.sections!;
    const drop = from && uppers.placeOf(from.cell, net, nets);
    const rise = to && lowers.placeOf(to.cell, net, nets);
    const first = drop === undefined ? net.entrance : uppers.sections.of[drop]!;
    const last = rise === undefined ? net.exit : lowers.sections.of[rise]!;
    const start = drop === undefined ? frame.entrances.get(id)! : uppers.pin(drop);
    const end = rise === undefined ? frame.exits.get(id)! : lowers.pin(rise);
    const { x: left, y: top } = frame;
    this.add(left + start, from ? from.y + from.height : top);
    this.add(left + start, top + y[first]!);
    if (first !== last && net.margin !== undefined) {
      this.add(left + net.margin, top + y[first]!);
      this.add(left + net.margin, top + y[last]!);
    } else if (first !== last) {
      let cell = net.lane + (from ? frame.rowOf[from.cell]! + 1 : 0) - net.first;
      for (let section = first; section < last; section++, cell++) {
        this.add(left + frame.cellX[cell]!, top + y[section]!);
        this.add(left + frame.cellX[cell]!, top + y[section + 1]!);
      }
    }
    this.add(left + end, top + y[last]!);
    this.add(left + end, to ? to.y : top + frame.height);
  }

  /** Appends a point, and drops middle points of a straight line. */
  private add(ownX: number, ownY: number): void {
    const [x, y] = [tidy(ownX), tidy(ownY)];
    const { all, length } = this;
    if (length >= 2) {
      const [bx, by] = [all[length - 2]!, all[length - 1]!];
      if (bx === x && by === y) return;
      if (length >= 4) {
        const [ax, ay] = [all[length - 4]!, all[length - 3]!];
        const isStraight =
          (ax === bx && bx === x && by >= ay === y >= by) || (ay === by && by === y && bx >= ax === x >= bx);
        if (isStraight) this.length -= 2;
      }
    }
    if (this.length + 2 > all.length) {
      this.all = new Float64Array(2 * all.length);
      this.all.set(all);
    }
    this.all[this.length++] = x;
    this.all[this.length++] = y;
  }
}
