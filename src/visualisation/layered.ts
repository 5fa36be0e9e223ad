import type { Frame, FrameNet } from './frame';
import { type Links, linksOf } from './links';
import { setReach, tightRows } from './rows';
import { type Cells, cellsOfRows } from './cells';

export const GAP = 28;
const LANE_GAP = 12;
/** Candidates for the most rows that a net may pass between the boxes; longer nets pass beside all rows. */
const REACHES = [24, 12, 6, 3, 1, 0];

/** Arranges items in rows by dependency, with few crossings and close to their neighbours. */
export function placeLayered(frame: Frame): Cells {
  const nets = [...frame.nets.values()];
  const row = tightRows(frame.items.length, nets);
  const rows = row.reduce((most, at) => Math.max(most, at), 0) + 1;
  for (const net of nets) setReach(net, row, rows);
  const cells = withLanes(frame, nets, row);
  const links = linksOf(frame, cells, nets);
  arrange(cells, links);
  align(cells, links);
  return cells;
}

function withLanes(frame: Frame, nets: readonly FrameNet[], itemRow: Int32Array): Cells {
  const items = frame.items.length;
  const budget = 4 * items + 500;
  const lanesWithin = (reach: number): number =>
    nets.reduce((sum, { first, last }) => sum + (last - first <= reach ? last - first : 0), 0);
  const reach = REACHES.find((each) => lanesWithin(each) <= budget) ?? 0;
  const cells = items + lanesWithin(reach);
  const row = new Int32Array(cells);
  row.set(itemRow);
  const laneOf = new Array<FrameNet | undefined>(cells).fill(undefined, 0, items);
  let cell = items;
  for (const net of nets) {
    if (net.last - net.first > reach) {
      net.margin = 0;
      continue;
    }
    net.lane = cell;
    for (let at = net.first; at < net.last; at++) {
      row[cell] = at;
      laneOf[cell++] = net;
    }
  }
  return cellsOfRows(frame, row, laneOf);
}

/** Number of cells beyond which many passes take too long. */
const MANY_CELLS = 4000;

function arrange(cells: Cells, links: Links): void {
  const { rows, x } = cells;
  for (const row of rows) pack(row, cells);
  const keys = new Float64Array(x.length);
  const order = (a: number, b: number): number => keys[a]! - keys[b]! || x[a]! - x[b]! || a - b;
  const sweeps = x.length > MANY_CELLS ? 2 : 6;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isDown = sweep % 2 === 0;
    const side = isDown ? links.above : links.below;
    for (let step = 0; step < rows.length; step++) {
      const row = rows[isDown ? step : rows.length - 1 - step]!;
      if (row.length === 1) continue;
      for (const cell of row) {
        const wish = side.wish(cell, x, sweep);
        keys[cell] = Number.isNaN(wish) ? x[cell]! : wish;
      }
      row.sort(order);
      pack(row, cells);
    }
  }
}

function pack(row: readonly number[], { width, x, laneOf }: Cells): void {
  let at = 0;
  row.forEach((cell, index) => {
    if (index > 0) at += separation(row[index - 1]!, cell, width, laneOf);
    x[cell] = at;
  });
  for (const cell of row) x[cell]! -= at / 2;
}

function separation(a: number, b: number, width: Cells['width'], laneOf: Cells['laneOf']): number {
  const gap = laneOf[a] || laneOf[b] ? LANE_GAP : GAP;
  return (width[a]! + width[b]!) / 2 + gap;
}

/** Moves cells towards the positions that their lines want, keeping order and distance. */
function align(cells: Cells, links: Links): void {
  const { rows, x } = cells;
  const last = x.length > MANY_CELLS ? 2 : 6;
  const wishes = new Float64Array(x.length);
  const pool = new Pool(x.length);
  for (let pass = 0; pass <= last; pass++) {
    const isDown = pass % 2 === 0;
    const [nearer, farther] = isDown ? [links.above, links.below] : [links.below, links.above];
    for (let step = 0; step < rows.length; step++) {
      const row = rows[isDown ? step : rows.length - 1 - step]!;
      for (let index = 0; index < row.length; index++) {
        const cell = row[index]!;
        // The number is above those of earlier sweeps, whose cached means are out of date.
        const near = nearer.wish(cell, x, 10 + 2 * pass);
        if (pass < last && !Number.isNaN(near)) {
          wishes[index] = near;
          continue;
        }
        const far = farther.wish(cell, x, 11 + 2 * pass);
        const own = Number.isNaN(near) ? far : Number.isNaN(far) ? near : (near + far) / 2;
        wishes[index] = Number.isNaN(own) ? x[cell]! : own;
      }
      spread(row, wishes, cells, pool);
    }
  }
  for (let cell = 0; cell < x.length; cell++) x[cell] = Math.round(x[cell]!);
}

/** Buffers of `spread`: offsets of a row's cells from the first; sums of wishes, weights and sizes of blocks. */
class Pool {
  readonly offsets: Float64Array;
  readonly sums: Float64Array;
  readonly weights: Float64Array;
  readonly sizes: Int32Array;

  constructor(size: number) {
    this.offsets = new Float64Array(size);
    this.sums = new Float64Array(size);
    this.weights = new Float64Array(size);
    this.sizes = new Int32Array(size);
  }
}

/** Moves cells as close to their wishes (least squares) as order and distance allow, by pooling neighbours. */
function spread(
  row: readonly number[],
  wishes: Float64Array,
  { width, x, laneOf }: Cells,
  { offsets, sums, weights, sizes }: Pool,
): void {
  if (row.length === 1) {
    x[row[0]!] = wishes[0]!;
    return;
  }
  let last = -1;
  for (let index = 0; index < row.length; index++) {
    const cell = row[index]!;
    offsets[index] =
      index === 0 ? 0 : offsets[index - 1]! + Math.ceil(separation(row[index - 1]!, cell, width, laneOf));
    const weight = laneOf[cell] ? 4 : 1;
    last++;
    sums[last] = (wishes[index]! - offsets[index]!) * weight;
    weights[last] = weight;
    sizes[last] = 1;
    while (last > 0 && sums[last - 1]! / weights[last - 1]! >= sums[last]! / weights[last]!) {
      sums[last - 1]! += sums[last]!;
      weights[last - 1]! += weights[last]!;
      sizes[last - 1]! += sizes[last]!;
      last--;
    }
  }
  let index = 0;
  for (let block = 0; block <= last; block++) {
    const base = sums[block]! / weights[block]!;
    for (let left = sizes[block]!; left > 0; left--, index++) x[row[index]!] = base + offsets[index]!;
  }
}
