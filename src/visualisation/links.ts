import type { Frame, FrameNet } from './frame';
import { placesOf, type Lists } from './lists';
import type { Cells } from './cells';

class Joins {
  readonly link: Int32Array;
  readonly cell: Int32Array;
  /** Distance of the pin from the centre of the cell. */
  readonly offset: Float64Array;
  private count = 0;

  constructor(size: number) {
    this.link = new Int32Array(size);
    this.cell = new Int32Array(size);
    this.offset = new Float64Array(size);
  }

  add(link: number, cell: number, offset: number): void {
    this.link[this.count] = link;
    this.cell[this.count] = cell;
    this.offset[this.count++] = offset;
  }
}

interface Ends extends Lists {
  readonly offsets: Float64Array;
}

function endsOf(count: number, keys: Int32Array, values: Int32Array, given: Float64Array): Ends {
  const { starts, places } = placesOf(count, keys);
  const of = new Int32Array(keys.length);
  const offsets = new Float64Array(keys.length);
  for (let index = 0; index < keys.length; index++) {
    of[places[index]!] = values[index]!;
    offsets[places[index]!] = given[index]!;
  }
  return { starts, of, offsets };
}

class Side {
  private readonly byCell: Ends;
  /** The other ends of links, with mean positions cached for a pass. */
  private readonly byLink: Ends;
  private readonly means: Float64Array;
  private readonly passes: Int32Array;

  constructor(cells: number, links: number, own: Joins, others: Joins) {
    this.byCell = endsOf(cells, own.cell, own.link, own.offset);
    this.byLink = endsOf(links, others.link, others.cell, others.offset);
    this.means = new Float64Array(links);
    this.passes = new Int32Array(links).fill(-1);
  }

  /** Mean position of the other ends of a cell's lines; NaN if the cell has no lines on that side. */
  wish(cell: number, x: Float64Array, pass: number): number {
    const { starts, of, offsets } = this.byCell;
    let sum = 0;
    let count = 0;
    for (let at = starts[cell]!; at < starts[cell + 1]!; at++) {
      const mean = this.mean(of[at]!, x, pass);
      if (Number.isNaN(mean)) continue;
      sum += mean - offsets[at]!;
      count++;
    }
    return count === 0 ? Number.NaN : sum / count;
  }

  /** Means are cached for a pass, since the cells of a row move together. NaN without ends. */
  private mean(link: number, x: Float64Array, pass: number): number {
    if (this.passes[link] === pass) return this.means[link]!;
    const { starts, of, offsets } = this.byLink;
    const [from, to] = [starts[link]!, starts[link + 1]!];
    let sum = 0;
    for (let at = from; at < to; at++) sum += x[of[at]!]! + offsets[at]!;
    this.passes[link] = pass;
    return (this.means[link] = from === to ? Number.NaN : sum / (to - from));
  }
}

/** Joins cells of a row with cells of the next, by nets. */
export interface Links {
  readonly above: Side;
  readonly below: Side;
}

export function linksOf(frame: Frame, { row }: Cells, all: readonly FrameNet[]): Links {
  const nets = all.filter(({ margin }) => margin === undefined);
  const sizes = { links: 0, uppers: 0, lowers: 0 };
  for (const { first, last, sources, targets } of nets) {
    sizes.links += last - first + 1;
    sizes.uppers += sources.length + last - first;
    sizes.lowers += targets.length + last - first;
  }
  const uppers = new Joins(sizes.uppers);
  const lowers = new Joins(sizes.lowers);
  let base = 0;
  for (const { id, first, last, lane, sources, targets } of nets) {
    for (const cell of sources)
      uppers.add(base + row[cell]! + 1 - first, cell, pinOffset(frame, cell, id, 'exits'));
    for (const cell of targets)
      lowers.add(base + row[cell]! - first, cell, pinOffset(frame, cell, id, 'entrances'));
    for (let step = 0; step < last - first; step++) {
      lowers.add(base + step, lane + step, 0);
      uppers.add(base + step + 1, lane + step, 0);
    }
    base += last - first + 1;
  }
  return {
    above: new Side(row.length, sizes.links, lowers, uppers),
    below: new Side(row.length, sizes.links, uppers, lowers),
  };
}

/** Distance of a net's pin from the centre of an item. */
function pinOffset(frame: Frame, cell: number, net: number, side: 'entrances' | 'exits'): number {
  const item = frame.items[cell]! as Partial<Frame> & { width: number };
  const pin = item[side]?.get(net);
  return pin === undefined ? 0 : pin - item.width / 2;
}
