import { Ends, type Column, type Frame, type FrameNet, type Sections, tidy } from './frame';
import { GAP, placeLayered } from './layered';
import { cellsOfRows, type Cells } from './cells';
import { setReach, tightRows } from './rows';
import { listsOf } from './lists';
import { Lanes } from './lanes';
import { Levels } from './levels';
import { givePins } from './pins';

/** A drawn group's band with its name, and the padding inside its border. */
export const HEADER = 30;
export const PADDING = 16;
const CHANNEL = 40;
const TRACK = 8;
/** Height of a channel beyond which its horizontal lines move closer together. */
const MOST_OF_TRACKS = 240;
const MARGIN_LANE = 8;
const MOST_OF_MARGIN = 400;
const BLOCK_WIDTH = 1200;

/** Sizes a frame, places its items and routes its nets. The inner frames must be finished before. */
export function placeFrame(frame: Frame, titleWidth: (group: number) => number): void {
  const cells = cellsOf(frame, titleWidth);
  const isDrawn = frame.group !== undefined;
  const padding = isDrawn ? PADDING : 0;
  const margins = giveMargins(frame, cells);
  let [left, right] = cells.borders ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  cells.x.forEach((x, cell) => {
    left = Math.min(left, x - cells.width[cell]! / 2);
    right = Math.max(right, x + cells.width[cell]! / 2);
  });
  const shift = padding + margins.left.width - left;
  for (let cell = 0; cell < cells.x.length; cell++) cells.x[cell]! += shift;
  const innerWidth = margins.left.width + right - left + margins.right.width;
  frame.width = Math.max(
    2 * Math.ceil((innerWidth + 2 * padding) / 2),
    frame.group === undefined ? 0 : titleWidth(frame.group),
  );
  for (const [net, lane] of margins.left.lanes) net.margin = padding + 4 + lane * margins.left.spacing;
  for (const [net, lane] of margins.right.lanes)
    net.margin = padding + innerWidth - 4 - lane * margins.right.spacing;
  frame.items.forEach((item, cell) => (item.x = cells.x[cell]! - item.width / 2));
  const sections = sectionsOf(frame, cells);
  givePins(frame, cells, sections);
  stack(frame, cells, sections);
}

function cellsOf(frame: Frame, titleWidth: (group: number) => number): Cells {
  if (frame.kind === 'layered') return placeLayered(frame);
  const cells = frame.kind === 'block' ? placeBlock(frame) : placeTangle(frame, titleWidth);
  for (const net of frame.nets.values()) {
    setReach(net, cells.row, cells.rows.length);
    if (net.first !== net.last) net.margin = 0;
  }
  return cells;
}

/** Rows in the items' own order, about twice as wide as high. */
function placeBlock(frame: Frame): Cells {
  const { items } = frame;
  const area = items.reduce((sum, { width, height }) => sum + (width + GAP) * (height + CHANNEL), 0);
  const widest = items.reduce((most, { width }) => Math.max(most, width), 0);
  const bound = Math.max(BLOCK_WIDTH, widest, Math.sqrt(area * 1.8));
  const row = new Int32Array(items.length);
  const x = new Float64Array(items.length);
  let at = 0;
  items.forEach(({ width }, cell) => {
    const isNew = cell > 0 && at + width > bound;
    if (isNew) at = 0;
    row[cell] = cell === 0 ? 0 : row[cell - 1]! + Number(isNew);
    x[cell] = at + width / 2;
    at += width + GAP;
  });
  const cells = cellsOfRows(frame, row, []);
  cells.x.set(x);
  return cells;
}

/** Common rows, in which each group has its own columns. */
function placeTangle(frame: Frame, titleWidth: (group: number) => number): Cells {
  const { items } = frame;
  const nets = [...frame.nets.values()];
  const row = tightRows(items.length, nets);
  const cells = cellsOfRows(frame, row, []);
  const place = ({ group, items: own, columns }: Column, from: number): number => {
    let at = from + (group === undefined ? 0 : PADDING);
    const ends = new Map<number, number>();
    for (const { cell, width } of own) {
      const start = ends.get(row[cell]!) ?? at;
      cells.x[cell] = start + width / 2;
      ends.set(row[cell]!, start + width + GAP);
    }
    if (ends.size > 0) at = Math.max(...new Set(ends.values()));
    for (const column of columns) at = place(column, at) + GAP;
    return group === undefined ? at - GAP : Math.max(at - GAP + PADDING, from + titleWidth(group));
  };
  return { ...cells, borders: [0, place(frame.columns!, 0)] };
}

interface Margin {
  readonly lanes: Map<FrameNet, number>;
  width: number;
  spacing: number;
}

/** Assigns lanes at the sides of a frame; nets without a common channel share one. */
function giveMargins(frame: Frame, { x }: Cells): { left: Margin; right: Margin } {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const each of x) {
    lowest = Math.min(lowest, each);
    highest = Math.max(highest, each);
  }
  const middle = (lowest + highest) / 2;
  const sides: { left: FrameNet[]; right: FrameNet[] } = { left: [], right: [] };
  for (const net of frame.nets.values()) {
    if (net.margin === undefined) continue;
    if (frame.kind === 'block') sides[net.leaves ? 'right' : 'left'].push(net);
    else {
      const ends = [...net.sources, ...net.targets];
      const mean = ends.reduce((sum, cell) => sum + x[cell]!, 0) / ends.length;
      sides[mean > middle ? 'right' : 'left'].push(net);
    }
  }
  return { left: marginOf(sides.left), right: marginOf(sides.right) };
}

function marginOf(nets: FrameNet[]): Margin {
  const lanes = new Map<FrameNet, number>();
  nets.sort((a, b) => a.first - b.first || b.last - a.last || a.id - b.id);
  const taken = new Lanes(1);
  for (const net of nets) lanes.set(net, taken.take(net.first, net.last));
  const { count } = taken;
  const spacing = Math.min(MARGIN_LANE, MOST_OF_MARGIN / Math.max(1, count));
  return { lanes, spacing, width: count === 0 ? 0 : Math.ceil((count - 1) * spacing) + 4 + PADDING };
}

function sectionsOf(frame: Frame, { rows, row }: Cells): Sections {
  const net: FrameNet[] = [];
  const channels: number[] = [];
  const upper: { readonly sections: number[]; readonly cells: number[] } = { sections: [], cells: [] };
  const lower: typeof upper = { sections: [], cells: [] };
  // The last section of the current net in each channel, as nets are handled one after another.
  const made = new Int32Array(rows.length + 1).fill(-1);
  const at = (of: FrameNet, channel: number): number => {
    const known = made[channel]!;
    if (known >= 0 && net[known] === of) return known;
    channels.push(channel);
    return (made[channel] = net.push(of) - 1);
  };
  for (const each of frame.nets.values()) {
    const { first, last, lane } = each;
    if (each.margin === undefined) for (let channel = first; channel <= last; channel++) at(each, channel);
    if (each.enters) each.entrance = at(each, 0);
    if (each.leaves) each.exit = at(each, rows.length);
    for (const cell of each.sources) {
      upper.sections.push(at(each, row[cell]! + 1));
      upper.cells.push(cell);
    }
    for (const cell of each.targets) {
      lower.sections.push(at(each, row[cell]!));
      lower.cells.push(cell);
    }
    for (let step = 0; lane >= 0 && step < last - first; step++) {
      lower.sections.push(at(each, first + step));
      lower.cells.push(lane + step);
      upper.sections.push(at(each, first + step + 1));
      upper.cells.push(lane + step);
    }
  }
  const count = net.length;
  return {
    net,
    byChannel: listsOf(rows.length + 1, new Int32Array(channels), Int32Array.from(channels.keys())),
    y: new Float64Array(count),
    uppers: new Ends(new Int32Array(upper.sections), new Int32Array(upper.cells), count, row.length),
    lowers: new Ends(new Int32Array(lower.sections), new Int32Array(lower.cells), count, row.length),
  };
}

function stack(frame: Frame, { rows, row, x }: Cells, sections: Sections): void {
  const isDrawn = frame.group !== undefined;
  const nesting = frame.columns ? nestingOf(frame.columns) : 0;
  const { starts, of } = sections.byChannel;
  const levels = new Levels(sections);
  let y = isDrawn ? HEADER : 0;
  for (let channel = 0; channel <= rows.length; channel++) {
    const isBorder = channel === 0 || channel === rows.length;
    if (channel > 0) y += nesting * PADDING;
    const [first, last] = [starts[channel]!, starts[channel + 1]!];
    for (let at = first; at < last; at++) levels.add(frame, of[at]!, channel === 0, channel === rows.length);
    const tracks = levels.giveTracks();
    const spacing = Math.min(TRACK, MOST_OF_TRACKS / Math.max(1, tracks));
    const height = Math.max(0, tracks - 1) * spacing;
    const space = isBorder
      ? tracks === 0
        ? 0
        : height + 2 * PADDING
      : Math.max(CHANNEL, height + 2 * PADDING);
    const from = y + (space - height) / 2;
    for (let at = first; at < last; at++) sections.y[of[at]!] = tidy(from + sections.y[of[at]!]! * spacing);
    y += space;
    const own = rows[channel];
    if (own === undefined) break;
    y = tidy(y + nesting * HEADER);
    let highest = 0;
    for (const cell of own) {
      const item = frame.items[cell];
      if (item === undefined) continue;
      item.y = y;
      highest = Math.max(highest, item.height);
    }
    y += highest;
  }
  frame.rows = rows.length;
  frame.rowOf = row;
  frame.cellX = x;
  frame.sections = sections;
  frame.height = Math.ceil(y) + (isDrawn ? PADDING : 0);
}

function nestingOf({ group, columns }: Column): number {
  return Math.max(0, ...columns.map(nestingOf)) + (group === undefined ? 0 : 1);
}
