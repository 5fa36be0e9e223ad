import { type Frame, type FrameNet, type Item, type Sections, tidy } from './frame';
import type { Cells } from './cells';

const PIN = 16;

/** Lines with a smaller offset are made straight. */
const JOG = 10;

/** Sets x of every vertical line that meets a horizontal one. */
export function givePins(frame: Frame, cells: Cells, sections: Sections): void {
  const taken = new Map<number, FrameNet>();
  const wishes = new Float64Array(sections.net.length);
  const last = cells.rows.length;
  for (let channel = 0; channel <= last; channel++) {
    taken.clear();
    if (channel > 0)
      for (const cell of cells.rows[channel - 1]!) giveDrops(frame, cells, sections, cell, taken, wishes);
    if (channel < last)
      for (const cell of cells.rows[channel]!) giveRises(frame, cells, sections, cell, taken, wishes);
  }
  borderPins(frame, sections, 'entrances');
  borderPins(frame, sections, 'exits');
}

function giveDrops(
  frame: Frame,
  { x }: Cells,
  { net, uppers, lowers }: Sections,
  cell: number,
  taken: Map<number, FrameNet>,
  wishes: Float64Array,
): void {
  const { starts, of } = uppers.sections;
  const [from, to] = [starts[cell]!, starts[cell + 1]!];
  const item = frame.items[cell];
  if (to - from > 1) {
    for (let at = from; at < to; at++) {
      const below = lowers.cells;
      const [first, end] = [below.starts[of[at]!]!, below.starts[of[at]! + 1]!];
      let sum = 0;
      for (let place = first; place < end; place++) sum += x[below.of[place]!]!;
      wishes[of[at]!] = end > first ? sum / (end - first) : (net[of[at]!]!.margin ?? x[cell]!);
    }
    sortByWish(of.subarray(from, to), wishes, net);
  }
  for (let at = from; at < to; at++) {
    const own = net[of[at]!]!;
    // A lane continues at the x where it began.
    const pin =
      item === undefined
        ? x[cell]!
        : (pinOf(item, 'exits', own.id) ?? x[cell]! + fan(at - from, to - from, item.width));
    uppers.give(at, pin);
    taken.set(Math.round(pin), own);
  }
}

function giveRises(
  frame: Frame,
  { x }: Cells,
  { net, uppers, lowers }: Sections,
  cell: number,
  taken: ReadonlyMap<number, FrameNet>,
  wishes: Float64Array,
): void {
  const { starts, of } = lowers.sections;
  const [from, to] = [starts[cell]!, starts[cell + 1]!];
  const item = frame.items[cell];
  const count = to - from;
  if (count > 1) {
    for (let at = from; at < to; at++) {
      const section = of[at]!;
      wishes[section] = uppers.count(section) > 0 ? uppers.mean(section) : (net[section]!.margin ?? x[cell]!);
    }
    sortByWish(of.subarray(from, to), wishes, net);
  }
  for (let at = from; at < to; at++) {
    const section = of[at]!;
    const own = net[section]!;
    let pin = item && pinOf(item, 'entrances', own.id);
    if (pin === undefined) {
      pin = x[cell]! + (item === undefined ? 0 : fan(at - from, count, item.width));
      const only = uppers.count(section) === 1 ? uppers.mean(section) : Number.NaN;
      const reach = item === undefined ? 4 : count === 1 ? JOG : 0;
      if (Math.abs(only - pin) <= reach) pin = only;
      else pin += freeNudge(pin, item === undefined ? LANE_NUDGES : NUDGES, own, taken);
    }
    lowers.give(at, pin);
    if (item === undefined) x[cell] = pin;
  }
}

const LANE_NUDGES = [0, 3, -3, 5, -5];

const NUDGES = [0, 6, -6, 12, -12, 18, -18];

/** Keeps lines from continuing where another net's line ends. */
function freeNudge(
  pin: number,
  nudges: readonly number[],
  net: FrameNet,
  taken: ReadonlyMap<number, FrameNet>,
): number {
  for (const nudge of nudges) {
    const at = Math.round(pin + nudge);
    let isFree = true;
    for (let near = at - 2; near <= at + 2 && isFree; near++) {
      const other = taken.get(near);
      isFree = other === undefined || other === net;
    }
    if (isFree) return nudge;
  }
  return 0;
}

function sortByWish(sections: Int32Array, wishes: Float64Array, net: readonly FrameNet[]): void {
  sections.sort((a, b) => wishes[a]! - wishes[b]! || net[a]!.id - net[b]!.id);
}

/** Distance of a pin from the centre of its box. */
function fan(index: number, count: number, width: number): number {
  if (count === 1) return 0;
  return (index - (count - 1) / 2) * Math.min(PIN, (width - 32) / (count - 1));
}

function pinOf(item: Item, side: 'entrances' | 'exits', net: number): number | undefined {
  const pin = (item as Partial<Frame>)[side]?.get(net);
  return pin === undefined ? undefined : item.x + pin;
}

/** Places the pins of a border as close to their nets as distance allows. */
function borderPins(frame: Frame, { uppers, lowers }: Sections, side: 'entrances' | 'exits'): void {
  const isUpper = side === 'entrances';
  const ends = isUpper ? lowers : uppers;
  const wishes: { readonly id: number; readonly wish: number }[] = [];
  for (const net of frame.nets.values()) {
    if (isUpper ? !net.enters : !net.leaves) continue;
    const section = isUpper ? net.entrance : net.exit;
    const wish = net.margin ?? (ends.count(section) > 0 ? ends.mean(section) : frame.width / 2);
    wishes.push({ id: net.id, wish });
  }
  wishes.sort((a, b) => a.wish - b.wish || a.id - b.id);
  const apart = Math.min(6, (frame.width - 8) / Math.max(1, wishes.length));
  let least = 4;
  wishes.forEach(({ id, wish }, index) => {
    const most = frame.width - 4 - (wishes.length - 1 - index) * apart;
    const pin = Math.max(least, Math.min(most, wish));
    least = pin + apart;
    frame[side].set(id, tidy(pin));
  });
}
