/**
 * The tree of frames of a picture. Each frame is laid out on its own; for its outer frame, it is a box with pins for
 * the nets that cross its border. Besides drawn groups there are invisible frames: blocks of many similar boxes, and
 * parts that are not connected to each other.
 */

import { listsOf, type Lists } from './lists';

const NONE: readonly number[] = [];

/** A knot, a closed group or a frame. x and y are relative to the frame around it; at the end, to the picture. */
export class Item {
  parent: Frame | undefined;
  /** Index of the item among those of its frame. */
  cell = 0;
  x = 0;
  y = 0;

  constructor(
    /** Index of the knot or closed group; -1 for a frame. */
    readonly leaf: number,
    public width: number,
    public height: number,
  ) {}
}

/**
 * `layered`: a frame in rows by dependency. `block`: many similar boxes, in rows in their own order. `tangle`: groups
 * that depend on each other in both directions, side by side over common rows.
 */
type FrameKind = 'layered' | 'block' | 'tangle';

export class Frame extends Item {
  readonly items: Item[] = [];
  readonly nets = new Map<number, FrameNet>();
  /** x of the pins at the upper and lower border, by net. */
  readonly entrances = new Map<number, number>();
  readonly exits = new Map<number, number>();
  depth = 0;
  /** For a tangle: the items that form each group. */
  columns: Column | undefined;
  /** Set by the layout: number of rows, and the row of each item. */
  rows = 0;
  rowOf: ArrayLike<number> = NONE;
  /** Set by the layout: x of each cell (for a lane: of its line), and the sections of its nets in each channel. */
  cellX: ArrayLike<number> = NONE;
  sections: Sections | undefined;

  constructor(
    public kind: FrameKind,
    readonly group?: number,
  ) {
    super(-1, 0, 0);
  }

  add(item: Item): void {
    item.parent = this;
    item.cell = this.items.length;
    this.items.push(item);
  }
}

/** Items of a tangle that are drawn as one group, or are in none. */
export interface Column {
  readonly group: number | undefined;
  readonly items: Item[];
  readonly columns: Column[];
}

/**
 * Wires that share their path: all from one box or all to one box, as far as they are in one frame. Channel n is
 * the space above row n; the last is below the last row. In a channel, a net has a section: a horizontal line, with
 * vertical lines from above and to below.
 */
export class FrameNet {
  enters = false;
  leaves = false;
  sources: readonly number[] = NONE;
  targets: readonly number[] = NONE;
  first = 0;
  last = 0;
  /** x of a path beside all rows, for nets that go far. */
  margin: number | undefined;
  /** Cell of the net's lane from the first channel to the next; the lanes of the rows below follow. */
  lane = -1;
  /** Sections in which the net enters and leaves. Without a margin, sections in between have the numbers in between. */
  entrance = -1;
  exit = -1;

  constructor(readonly id: number) {}

  addSource(cell: number): void {
    this.sources = added(this.sources, cell);
  }

  addTarget(cell: number): void {
    this.targets = added(this.targets, cell);
  }
}

/** Most lists have one element; a literal array has no spare capacity, unlike one grown by `push`. */
function added(list: readonly number[], cell: number): readonly number[] {
  if (list.length === 0) return [cell];
  (list as number[]).push(cell);
  return list;
}

export interface Sections {
  readonly net: readonly FrameNet[];
  readonly byChannel: Lists;
  readonly y: Float64Array;
  readonly uppers: Ends;
  readonly lowers: Ends;
}

/** The cells that sections are wired to on one side, and the pins: the x of the lines between them. */
export class Ends {
  readonly cells: Lists;
  readonly sections: Lists;
  /** Pins in the order of `sections`. */
  private readonly pins: Float64Array;
  /** Pins in the given order, by section. */
  private readonly given: Float64Array;
  private readonly next: Int32Array;

  constructor(section: Int32Array, cell: Int32Array, sections: number, cells: number) {
    this.cells = listsOf(sections, section, cell);
    this.sections = listsOf(cells, cell, section);
    this.pins = new Float64Array(section.length);
    this.given = new Float64Array(section.length);
    this.next = this.cells.starts.slice(0, sections);
  }

  /** @param place the index in `sections` */
  give(place: number, pin: number): void {
    this.pins[place] = pin;
    this.given[this.next[this.sections.of[place]!]!++] = pin;
  }

  pin(place: number): number {
    return this.pins[place]!;
  }

  placeOf(cell: number, net: FrameNet, nets: readonly FrameNet[]): number {
    const { starts, of } = this.sections;
    let place = starts[cell]!;
    while (nets[of[place]!] !== net) place++;
    return place;
  }

  count(section: number): number {
    return this.next[section]! - this.cells.starts[section]!;
  }

  sum(section: number): number {
    let sum = 0;
    for (let at = this.cells.starts[section]!; at < this.next[section]!; at++) sum += this.given[at]!;
    return sum;
  }

  mean(section: number): number {
    return this.sum(section) / this.count(section);
  }

  least(section: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let at = this.cells.starts[section]!; at < this.next[section]!; at++)
      least = Math.min(least, this.given[at]!);
    return least;
  }

  most(section: number): number {
    let most = Number.NEGATIVE_INFINITY;
    for (let at = this.cells.starts[section]!; at < this.next[section]!; at++)
      most = Math.max(most, this.given[at]!);
    return most;
  }
}

/** Rounds to two decimals, which are precise enough for the eye, and short as text. */
export function tidy(length: number): number {
  return Math.round(length * 100) / 100;
}
