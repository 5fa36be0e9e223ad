import { shortened } from '../shown-text';
import type { Span } from './time-scale';

/** Least room between two texts, and between a text and the ends of its bar, in pixels. */
const GAP = 6;
/** A shorter rest of a name tells nothing. */
const LEAST_LETTERS = 5;

export interface PlacedText {
  readonly text: string;
  readonly left: number;
  /** Whether it's beside its bar. */
  readonly isBeside: boolean;
}

/** A line in which no two texts overlap. */
export class TextLine {
  private readonly taken: Span[] = [];

  constructor(
    private readonly width: number,
    readonly widthOf: (text: string) => number,
  ) {}

  /** Takes the place, if all of it is in sight and free. */
  take(left: number, text: string): boolean {
    const right = left + this.widthOf(text);
    if (left < 0 || right > this.width) return false;
    if (this.taken.some(([from, to]) => left < to + GAP && right > from - GAP)) return false;
    this.taken.push([left, right]);
    return true;
  }

  /**
   * Places the first of the texts that fits into a bar; else beside it; else the last, without its middle, in the bar.
   *
   * @param next where the next bar begins
   */
  place([from, to]: Span, next: number, texts: readonly string[]): PlacedText | undefined {
    const [left, right] = [Math.max(from, 0) + GAP, Math.min(to, this.width) - GAP];
    const whole = texts.at(-1)!;
    // Letters differ in width: the kept ones may be the wide ones.
    const letters = Math.floor((0.9 * (right - left) * whole.length) / this.widthOf(whole));
    const places: (readonly [text: string, at: number, end: number])[] = [
      ...texts.map((text) => [text, left, right] as const),
      ...texts.map((text) => [text, right + 2 * GAP, next - GAP] as const),
      [letters < LEAST_LETTERS ? '' : shortened(whole, letters), left, right],
    ];
    const found = places.find(([text, at, end]) => this.widthOf(text) <= end - at && this.take(at, text));
    return found?.[0] ? { text: found[0], left: found[1], isBeside: found[1] > right } : undefined;
  }
}
