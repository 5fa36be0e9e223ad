import type { Frame, FrameNet } from './frame';

/** The cells of a frame: its items, followed by the lanes in which nets pass rows. */
export interface Cells {
  readonly rows: number[][];
  readonly row: Int32Array;
  readonly width: Float64Array;
  /** Centres. */
  readonly x: Float64Array;
  /** The net of each lane; undefined for items. */
  readonly laneOf: readonly (FrameNet | undefined)[];
  /** How far borders of groups extend on both sides of each cell; absent without borders. */
  readonly borders?: readonly [left: number, right: number];
}

/** Cells for items in the given rows, with lanes after the items; all x are 0. */
export function cellsOfRows(
  { items }: Frame,
  row: Int32Array,
  laneOf: readonly (FrameNet | undefined)[],
): Cells {
  const width = new Float64Array(row.length).fill(LANE_WIDTH);
  for (let cell = 0; cell < items.length; cell++) width[cell] = items[cell]!.width;
  const counts: number[] = [];
  for (const at of row) counts[at] = (counts[at] ?? 0) + 1;
  const rows = counts.map((count) => new Array<number>(count));
  const filled = new Int32Array(rows.length);
  for (let cell = 0; cell < row.length; cell++) rows[row[cell]!]![filled[row[cell]!]!++] = cell;
  return { rows, row, width, x: new Float64Array(row.length), laneOf };
}

const LANE_WIDTH = 2;
