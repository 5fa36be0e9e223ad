import type { Picture } from '../../../visualisation';
import { meets, type Rect } from './camera';

const CELL = 640;

/** Finds the boxes and wires in a rectangle, and the box at a point. */
export class Scene {
  readonly knots: RectIndex;
  readonly wires: RectIndex;
  /** The outermost closed group of each knot that is in one. */
  private readonly closedOf = new Map<number, number>();

  constructor(readonly picture: Picture) {
    this.knots = new RectIndex(
      picture.boxes.flatMap((box, index) => (box ? [{ index, ...box }] : [])),
      picture.boxes.length,
    );
    this.wires = new RectIndex(
      picture.wires.map(({ points }, index) => ({ index, ...boundsOf(points) })),
      picture.wires.length,
    );
    picture.groups.forEach(({ isClosed, members }, index) => {
      if (isClosed) for (const knot of members) if (!this.closedOf.has(knot)) this.closedOf.set(knot, index);
    });
  }

  /** The knot, or the closed group (as `-1 - index`), at a point. */
  at(x: number, y: number): number | undefined {
    const [knot] = this.knots.in({ x, y, width: 0, height: 0 });
    if (knot !== undefined) return knot;
    const closed = this.groupsAt(x, y).find((index) => this.picture.groups[index]!.isClosed);
    return closed === undefined ? undefined : -1 - closed;
  }

  /** Whether no box of a knot or closed group is in a rectangle. */
  isFree(rect: Rect): boolean {
    return (
      this.knots.in(rect, 1).length === 0 &&
      !this.picture.groups.some((group) => group.isClosed && meets(group, rect))
    );
  }

  groupsAt(x: number, y: number): number[] {
    const found: number[] = [];
    this.picture.groups.forEach((group, index) => {
      if (holds(group, x, y)) found.unshift(index);
    });
    return found;
  }

  /** The rectangle of a knot, or of the outermost closed group that contains it. */
  placeOf(knot: number): Rect | undefined {
    const { boxes, groups } = this.picture;
    if (knot < 0) return groups[-1 - knot];
    return boxes[knot] ?? groups[this.closedOf.get(knot) ?? -1];
  }

  /** The outermost closed groups that contain some knots. */
  closedGroupsOf(knots: Iterable<number>): ReadonlySet<number> {
    const found = new Set<number>();
    for (const knot of knots) {
      const group = this.closedOf.get(knot);
      if (group !== undefined) found.add(group);
    }
    return found;
  }
}

const holds = (rect: Rect, x: number, y: number): boolean =>
  x >= rect.x && y >= rect.y && x <= rect.x + rect.width && y <= rect.y + rect.height;

function boundsOf(points: readonly number[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at + 1 < points.length; at += 2) {
    left = Math.min(left, points[at]!);
    right = Math.max(right, points[at]!);
    top = Math.min(top, points[at + 1]!);
    bottom = Math.max(bottom, points[at + 1]!);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

class RectIndex {
  private readonly cells = new Map<number, number[]>();
  /** x, y, width and height of each rectangle; a width of -1 means none. */
  private readonly rects: Float64Array;
  private readonly seen: Uint32Array;
  private stamp = 0;
  /** Rectangles that cover too many cells to list. */
  private readonly large: number[] = [];

  constructor(
    items: readonly ({ readonly index: number } & Rect)[],
    readonly length: number,
  ) {
    this.rects = new Float64Array(length * 4).fill(-1);
    this.seen = new Uint32Array(length);
    for (const { index, x, y, width, height } of items) {
      this.rects.set([x, y, width, height], index * 4);
      const [x0, x1, y0, y1] = cellsOf({ x, y, width, height });
      if ((x1 - x0 + 1) * (y1 - y0 + 1) > 64) {
        this.large.push(index);
        continue;
      }
      for (let row = y0; row <= y1; row += 1) {
        for (let column = x0; column <= x1; column += 1) {
          const key = keyOf(column, row);
          const cell = this.cells.get(key);
          if (cell) cell.push(index);
          else this.cells.set(key, [index]);
        }
      }
    }
  }

  /** The rectangles that meet another one, in their order. If there are more than `most`: any `most` of them. */
  in(rect: Rect, most = Infinity): number[] {
    const found: number[] = [];
    this.stamp += 1;
    const [x0, x1, y0, y1] = cellsOf(rect);
    if ((x1 - x0 + 1) * (y1 - y0 + 1) > this.cells.size + 1) {
      for (let index = 0; index < this.length; index += 1) this.take(index, rect, found);
      return found;
    }
    for (const index of this.large) this.take(index, rect, found);
    for (let row = y0; row <= y1; row += 1) {
      for (let column = x0; column <= x1; column += 1) {
        for (const index of this.cells.get(keyOf(column, row)) ?? []) this.take(index, rect, found);
        if (found.length >= most) return found.slice(0, most);
      }
    }
    return found.sort((a, b) => a - b);
  }

  private take(index: number, rect: Rect, into: number[]): void {
    if (this.seen[index] === this.stamp) return;
    this.seen[index] = this.stamp;
    const { rects } = this;
    const at = index * 4;
    const [x, y, width, height] = [rects[at]!, rects[at + 1]!, rects[at + 2]!, rects[at + 3]!];
    if (width < 0 || x > rect.x + rect.width || x + width < rect.x) return;
    if (y > rect.y + rect.height || y + height < rect.y) return;
    into.push(index);
  }
}

const cellsOf = ({ x, y, width, height }: Rect): [number, number, number, number] => [
  Math.floor(x / CELL),
  Math.floor((x + width) / CELL),
  Math.floor(y / CELL),
  Math.floor((y + height) / CELL),
];

const keyOf = (column: number, row: number): number => row * 0x100000 + column;
