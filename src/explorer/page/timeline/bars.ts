import { readPalette, type Palette } from '../graph/palette';
import { WAIT_WORDS } from '../run/waits';
import { cleared } from '../ui/canvas';
import { durationWords } from '../words';
import type { Segment } from './segments';
import { TextLine } from './text-line';
import { tickWords, type Span, type TimeScale } from './time-scale';

export const ROW = 26;
export const SCALE = 26;
/** Room at the sides of the axis. */
const [LEFT, RIGHT] = [4, 8];

export class Bars {
  readonly canvas = document.createElement('canvas');
  private context!: CanvasRenderingContext2D;
  palette: Palette = readPalette();
  private hatch: CanvasPattern | undefined;
  private width = 0;
  private height = 0;
  private scale!: TimeScale;
  /** Positions at the left and right sides. */
  private sides: Span = [0, 1];

  recolour(): void {
    this.palette = readPalette();
    this.hatch = undefined;
  }

  /** Begins a frame. @param shown the times at the left and right sides */
  begin(width: number, height: number, ratio: number, scale: TimeScale, shown: Span): void {
    this.context = cleared(this.canvas, width, height, ratio);
    this.context.font = '11px ui-sans-serif, system-ui, sans-serif';
    this.context.textBaseline = 'middle';
    this.width = width;
    this.height = height;
    this.scale = scale;
    this.sides = scale.span(shown);
  }

  /** A line of texts in a row. */
  line(): TextLine {
    return new TextLine(this.width, (text) => this.context.measureText(text).width);
  }

  /** Labelled lines at round times, above all rows. @param line with the texts of breaks and of now */
  axis(line: TextLine): void {
    const { context, palette, width, height } = this;
    const shown = [this.timeAt(LEFT), this.timeAt(width - RIGHT)] as const;
    context.lineWidth = 1;
    for (const tick of this.scale.ticks(shown, Math.max(2, width / 110))) {
      const x = Math.round(this.xOf(this.scale.whole[0] + tick)) + 0.5;
      context.strokeStyle = palette.group;
      this.stroke([x, SCALE], [x, height]);
      context.fillStyle = palette.quiet;
      const text = tickWords(tick);
      const left = [x + 3, x - 3 - line.widthOf(text)].find((one) => line.take(one, text));
      if (left !== undefined) context.fillText(text, left, SCALE / 2);
    }
    context.strokeStyle = palette.line;
    this.stroke([0, SCALE - 0.5], [width, SCALE - 0.5]);
  }

  path(points: readonly (readonly [time: number, y: number])[]): void {
    const { context } = this;
    context.strokeStyle = this.palette.accent;
    context.lineWidth = 1.5;
    this.stroke(...points.map(([time, y]) => [this.xOf(time), y] as const));
  }

  rows(draw: () => void): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(0, SCALE, this.width, this.height);
    context.clip();
    draw();
    context.restore();
  }

  group(span: Span, y: number): void {
    const { context } = this;
    context.fillStyle = this.palette.line;
    const [left, right] = [this.xOf(span[0]), Math.max(this.xOf(span[1]), this.xOf(span[0]) + 2)];
    context.fillRect(left, y + ROW / 2 - 2, right - left, 4);
    context.fillRect(left, y + ROW / 2 - 5, 2, 10);
    context.fillRect(right - 2, y + ROW / 2 - 5, 2, 10);
  }

  selection(y: number): void {
    this.context.fillStyle = this.palette.group;
    this.context.fillRect(0, y, this.width, ROW);
  }

  /**
   * Draws a bar with its text, if there is room.
   *
   * @param more in lanes, `name`: the text of the bar, and `next`: when the next bar begins, as names may be beside theirs
   */
  segment(
    segment: Segment,
    y: number,
    line: TextLine,
    more: { name?: string; next?: number; outline: 'accent' | 'text' | undefined },
  ): void {
    const { context, palette, width } = this;
    const { kind } = segment;
    const left = this.xOf(segment.from);
    const right = Math.max(this.xOf(segment.to), left + 1.5);
    if (right < 0 || left > width) return;
    const [x, length] = [Math.max(left, -8), Math.min(right, width + 8) - Math.max(left, -8)];
    const inset = kind === 'wait' ? 8 : 5;
    const status = kind === 'wait' ? 'waiting' : kind === 'attempt' ? 'failed' : segment.status;
    context.beginPath();
    context.roundRect(x, y + inset, length, ROW - 2 * inset, Math.min(3, length / 2));
    context.fillStyle = palette[kind === 'body' ? 'status' : 'tint'][status];
    context.fill();
    if (kind === 'wait') {
      context.fillStyle = this.hatch ??= hatchOf(context, palette.status.waiting);
      context.fill();
    } else if (more.outline) {
      context.strokeStyle = palette[more.outline];
      context.lineWidth = 2;
      context.stroke();
    } else if (kind === 'attempt') {
      context.strokeStyle = palette.status.failed;
      context.lineWidth = 1;
      context.setLineDash([2, 2]);
      context.stroke();
      context.setLineDash([]);
    }
    const next = more.next === undefined ? right : this.xOf(more.next);
    const placed = line.place([left, right], next, textsOf(segment, more.name));
    if (!placed) return;
    if (kind === 'wait' || placed.isBeside) {
      context.fillStyle = palette.surface;
      context.fillRect(placed.left - 3, y + 6, line.widthOf(placed.text) + 6, ROW - 12);
    }
    context.fillStyle = placed.isBeside
      ? palette.quiet
      : kind === 'body'
        ? palette.surface
        : palette.status[status];
    context.fillText(placed.text, placed.left, y + ROW / 2 + 0.5);
  }

  /** @param line the axis's texts, before those of ticks */
  now(at: number, line: TextLine): void {
    const { context, palette, height } = this;
    const x = Math.round(this.xOf(at)) + 0.5;
    context.strokeStyle = context.fillStyle = palette.accent;
    context.setLineDash([3, 3]);
    this.stroke([x, SCALE], [x, height]);
    context.setLineDash([]);
    const left = x - 3 - context.measureText('now').width;
    if (line.take(left, 'now')) context.fillText('now', left, SCALE / 2);
  }

  xOf(time: number): number {
    const [from, to] = this.sides;
    return ((this.scale.at(time) - from) / (to - from)) * (this.width - LEFT - RIGHT) + LEFT;
  }

  timeAt(x: number): number {
    const [from, to] = this.sides;
    return this.scale.timeAt(from + ((x - LEFT) / (this.width - LEFT - RIGHT)) * (to - from));
  }

  private stroke(...points: readonly (readonly [x: number, y: number])[]): void {
    this.context.beginPath();
    for (const [x, y] of points) this.context.lineTo(x, y);
    this.context.stroke();
  }
}

function textsOf(segment: Segment, name: string | undefined): string[] {
  const took = durationWords(segment.to - segment.from);
  if (segment.kind === 'wait') return [`${WAIT_WORDS[segment.wait]} ${took}`, WAIT_WORDS[segment.wait]];
  return [name ?? (segment.kind === 'attempt' ? `${segment.attempt}` : took)];
}

function hatchOf(context: CanvasRenderingContext2D, colour: string): CanvasPattern {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const pen = tile.getContext('2d')!;
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.55;
  for (const shift of [-6, 0, 6]) {
    pen.moveTo(shift, 6);
    pen.lineTo(shift + 6, 0);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat')!;
}
