import { readPalette, type Palette } from '../graph/palette';
import { WAIT_WORDS } from '../run/waits';
import { cleared } from '../ui/canvas';
import { durationWords } from '../words';
import { ticksOf } from './rows';
import type { Segment } from './segments';

export const ROW = 26;
export const SCALE = 26;

export class Bars {
  readonly canvas = document.createElement('canvas');
  private context!: CanvasRenderingContext2D;
  private palette: Palette = readPalette();
  private hatch: CanvasPattern | undefined;
  private width = 0;
  private height = 0;
  private shown: readonly [number, number] = [0, 1];

  recolour(): void {
    this.palette = readPalette();
    this.hatch = undefined;
  }

  /** Begins a frame. @param shown the times at the left and right sides */
  begin(width: number, height: number, ratio: number, shown: readonly [number, number]): void {
    this.context = cleared(this.canvas, width, height, ratio);
    this.width = width;
    this.height = height;
    this.shown = shown;
  }

  /** Labelled lines at round times, above all rows. @param start of the run */
  scale(start: number): void {
    const { context, palette, width, height } = this;
    const [from, to] = this.shown;
    const { ticks } = ticksOf(from - start, to - start, Math.max(2, width / 110));
    context.font = '11px ui-sans-serif, system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.lineWidth = 1;
    for (const tick of ticks) {
      const x = Math.round(this.xOf(start + tick)) + 0.5;
      context.strokeStyle = palette.group;
      context.beginPath();
      context.moveTo(x, SCALE);
      context.lineTo(x, height);
      context.stroke();
      context.fillStyle = palette.quiet;
      if (x < width - 30) context.fillText(tick === 0 ? '0' : durationWords(tick), x + 3, SCALE / 2);
    }
    context.strokeStyle = palette.line;
    context.beginPath();
    context.moveTo(0, SCALE - 0.5);
    context.lineTo(width, SCALE - 0.5);
    context.stroke();
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

  group(span: readonly [number, number], y: number): void {
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

  segment(segment: Segment, y: number): void {
    const { context, palette, width } = this;
    const left = this.xOf(segment.from);
    const right = Math.max(this.xOf(segment.to), left + 1.5);
    if (right < 0 || left > width) return;
    const [x, length] = [Math.max(left, -8), Math.min(right, width + 8) - Math.max(left, -8)];
    context.beginPath();
    if (segment.kind === 'wait') {
      context.roundRect(x, y + 8, length, ROW - 16, Math.min(3, length / 2));
      context.fillStyle = palette.tint.waiting;
      context.fill();
      context.fillStyle = this.hatch ??= hatchOf(context, palette.status.waiting);
      context.fill();
      const word = WAIT_WORDS[segment.wait];
      if (length > word.length * 6 + 14) {
        context.font = '10px ui-sans-serif, system-ui, sans-serif';
        const room = context.measureText(word).width + 8;
        context.fillStyle = palette.surface;
        context.fillRect(x + 4, y + 7, room, ROW - 14);
        context.fillStyle = palette.status.waiting;
        context.fillText(word, x + 8, y + ROW / 2 + 0.5);
      }
      return;
    }
    const status = segment.kind === 'attempt' ? 'failed' : segment.status;
    context.roundRect(x, y + 5, length, ROW - 10, Math.min(4, length / 2));
    if (segment.kind === 'attempt') {
      context.fillStyle = palette.tint.failed;
      context.fill();
      context.strokeStyle = palette.status.failed;
      context.setLineDash([2, 2]);
      context.stroke();
      context.setLineDash([]);
    } else {
      context.fillStyle = palette.status[status];
      context.fill();
    }
    const text = segment.kind === 'attempt' ? `${segment.attempt}` : durationWords(segment.to - segment.from);
    if (length < text.length * 6.4 + 10) return;
    context.font = '10px ui-sans-serif, system-ui, sans-serif';
    context.fillStyle = segment.kind === 'attempt' ? palette.status.failed : palette.surface;
    context.fillText(text, Math.max(x, 0) + 6, y + ROW / 2 + 0.5);
  }

  now(at: number): void {
    const { context, palette, height } = this;
    const x = Math.round(this.xOf(at)) + 0.5;
    context.strokeStyle = palette.accent;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, SCALE);
    context.lineTo(x, height);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = palette.accent;
    context.textAlign = 'right';
    context.font = '600 11px ui-sans-serif, system-ui, sans-serif';
    context.fillText('now', x - 3, SCALE / 2);
    context.textAlign = 'left';
  }

  private xOf(at: number): number {
    const [from, to] = this.shown;
    return ((at - from) / (to - from)) * (this.width - 12) + 4;
  }
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
