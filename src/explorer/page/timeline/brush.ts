import type { Palette } from '../graph/palette';
import { cleared } from '../ui/canvas';
import { followPress } from '../ui/drag';
import { densityOf } from './rows';
import type { Span, TimeScale } from './time-scale';

const BRUSH = 40;

/** The number of active knots over the whole run, and a frame around the part that is shown. */
export class Brush {
  readonly canvas = document.createElement('canvas');
  private ends: Span = [0, 1];

  /** @param events with positions of the scale */
  constructor(private readonly events: { onWindow(from: number, to: number): void; onWhole(): void }) {
    const { canvas } = this;
    canvas.className = 't-brush';
    canvas.setAttribute('aria-hidden', 'true');
    canvas.addEventListener('pointerdown', this.onPress);
    canvas.addEventListener('dblclick', () => events.onWhole());
  }

  draw(
    width: number,
    ratio: number,
    palette: Palette,
    scale: TimeScale,
    spans: readonly (Span | undefined)[],
    window: Span | undefined,
  ): void {
    this.ends = scale.ends;
    const context = cleared(this.canvas, width, BRUSH, ratio);
    const positions = spans.map((span) => span && scale.span(span));
    const density = densityOf(positions, this.ends, Math.max(1, Math.floor(width / 2)));
    const most = density.reduce((a, b) => Math.max(a, b), 1);
    context.fillStyle = palette.wire;
    density.forEach((count, part) => {
      const high = count === 0 ? 0 : Math.max(1.5, (count / most) * (BRUSH - 10));
      context.fillRect(part * 2, BRUSH - 4 - high, 2, high);
    });
    if (!window) return;
    const [from, to] = this.ends;
    const [left, right] = scale.span(window).map((at) => ((at - from) / (to - from)) * width) as [
      number,
      number,
    ];
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
    const [from, to] = this.ends;
    const positionAt = (x: number): number =>
      from + Math.max(0, Math.min(1, (x - left) / width)) * (to - from);
    const begin = positionAt(event.clientX);
    followPress(canvas, event, {
      onDrag: ({ clientX }) => {
        const at = positionAt(clientX);
        this.events.onWindow(Math.min(begin, at), Math.max(begin, at));
      },
    });
  };
}
