import type { Palette } from '../graph/palette';
import { cleared, copied } from '../ui/canvas';
import { followPress } from '../ui/drag';
import { densityOf } from './rows';

const BRUSH = 40;
/** Interval at which the density of a running run is counted again, in milliseconds. */
const OLD_MS = 1000;

/** The number of active knots over the whole run, and a frame around the part that is shown. */
export class Brush {
  readonly canvas = document.createElement('canvas');
  private readonly density = document.createElement('canvas');
  private counted: { readonly at: number; readonly width: number } | undefined;
  private whole: readonly [number, number] = [0, 1];

  constructor(private readonly events: { onWindow(from: number, to: number): void; onWhole(): void }) {
    const { canvas } = this;
    canvas.className = 't-brush';
    canvas.setAttribute('aria-hidden', 'true');
    canvas.addEventListener('pointerdown', this.onPress);
    canvas.addEventListener('dblclick', () => events.onWhole());
  }

  invalidate(): void {
    this.counted = undefined;
  }

  draw(
    width: number,
    ratio: number,
    spans: readonly (readonly [number, number] | undefined)[],
    {
      whole,
      window,
      now,
      palette,
    }: {
      readonly whole: readonly [number, number];
      readonly window: readonly [number, number] | undefined;
      readonly now: number;
      readonly palette: Palette;
    },
  ): void {
    this.whole = whole;
    const [from, to] = whole;
    const context = cleared(this.canvas, width, BRUSH, ratio);
    if (!this.counted || this.counted.width !== width || now - this.counted.at > OLD_MS) {
      const kept = cleared(this.density, width, BRUSH, ratio);
      const parts = Math.max(1, Math.floor(width / 2));
      const density = densityOf(spans, from, to, parts);
      const most = density.reduce((a, b) => Math.max(a, b), 1);
      kept.fillStyle = palette.wire;
      density.forEach((count, part) => {
        const high = count === 0 ? 0 : Math.max(1.5, (count / most) * (BRUSH - 10));
        kept.fillRect(part * 2, BRUSH - 4 - high, 2, high);
      });
      this.counted = { at: now, width };
    }
    copied(context, this.density);
    if (!window) return;
    const xOf = (at: number): number => ((at - from) / (to - from)) * width;
    const [left, right] = [xOf(window[0]), xOf(window[1])];
    context.fillStyle = palette.group;
    context.fillRect(0, 0, left, BRUSH);
    context.fillRect(right, 0, width - right, BRUSH);
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.strokeRect(left + 0.75, 2.75, Math.max(3, right - left - 1.5), BRUSH - 5.5);
  }

  private readonly onPress = (event: PointerEvent): void => {
    const { canvas } = this;
    const { left, width } = canvas.getBoundingClientRect();
    const [from, to] = this.whole;
    const timeAt = (x: number): number => from + Math.max(0, Math.min(1, (x - left) / width)) * (to - from);
    const begin = timeAt(event.clientX);
    followPress(canvas, event, {
      onDrag: ({ clientX }) => {
        const at = timeAt(clientX);
        this.events.onWindow(Math.min(begin, at), Math.max(begin, at));
      },
    });
  };
}
