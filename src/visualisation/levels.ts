import type { Frame, Sections } from './frame';
import { Lanes } from './lanes';

/** Number of sections in a channel beyond which ordering takes too long. */
const MANY_LEVELS = 64;

/** Sections of a channel that are not straight down: their ends, where they come from, and whether they go right. */
export class Levels {
  private readonly sections: number[] = [];
  private readonly left: Float64Array;
  private readonly right: Float64Array;
  private readonly start: Float64Array;
  private readonly isRightward: Uint8Array;

  constructor(private readonly all: Sections) {
    const count = all.net.length;
    this.left = new Float64Array(count);
    this.right = new Float64Array(count);
    this.start = new Float64Array(count);
    this.isRightward = new Uint8Array(count);
  }

  add(frame: Frame, section: number, isFirst: boolean, isLast: boolean): void {
    const { net, uppers, lowers } = this.all;
    const { id, enters, leaves, margin } = net[section]!;
    let above = uppers.sum(section);
    let below = lowers.sum(section);
    let aboves = uppers.count(section);
    let belows = lowers.count(section);
    let left = Math.min(uppers.least(section), lowers.least(section));
    let right = Math.max(uppers.most(section), lowers.most(section));
    const take = (isAbove: boolean, x: number): void => {
      left = Math.min(left, x);
      right = Math.max(right, x);
      if (isAbove) {
        above += x;
        aboves++;
      } else {
        below += x;
        belows++;
      }
    };
    if (isFirst && enters) take(true, frame.entrances.get(id)!);
    if (isLast && leaves) take(false, frame.exits.get(id)!);
    if (margin !== undefined) take(aboves === 0, margin);
    if (right - left < 0.01) return;
    this.left[section] = left;
    this.right[section] = right;
    this.start[section] = aboves > 0 ? above / aboves : below / belows;
    this.isRightward[section] = below / belows < this.start[section] ? 0 : 1;
    this.sections.push(section);
  }

  /** Assigns tracks, as `y`: different ones to overlapping sections. @returns the number of tracks */
  giveTracks(): number {
    const tracks = this.sections.length > MANY_LEVELS ? this.packTracks() : this.orderTracks();
    this.sections.length = 0;
    return tracks;
  }

  /** For few crossings, among sections to the right the one from farther left is lower; to the left, the reverse. */
  private orderTracks(): number {
    const { sections, left, right, start, isRightward } = this;
    const { net, y } = this.all;
    if (sections.length > 1)
      sections.sort(
        (a, b) =>
          isRightward[b]! - isRightward[a]! ||
          (isRightward[a] === 1 ? start[b]! - start[a]! : start[a]! - start[b]!) ||
          net[a]!.id - net[b]!.id,
      );
    let tracks = 0;
    for (let index = 0; index < sections.length; index++) {
      const section = sections[index]!;
      let track = 0;
      for (let before = 0; before < index; before++) {
        const other = sections[before]!;
        if (left[other]! - 4 < right[section]! && left[section]! < right[other]! + 4)
          track = Math.max(track, y[other]! + 1);
      }
      y[section] = track;
      tracks = Math.max(tracks, track + 1);
    }
    return tracks;
  }

  /** Uses as few tracks as possible. */
  private packTracks(): number {
    const { sections, left, right } = this;
    const { net, y } = this.all;
    sections.sort((a, b) => left[a]! - left[b]! || net[a]!.id - net[b]!.id);
    const taken = new Lanes(4);
    for (const section of sections) y[section] = taken.take(left[section]!, right[section]!);
    return taken.count;
  }
}
