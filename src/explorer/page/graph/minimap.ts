import type { Picture } from '../../../visualisation';
import type { KnotStatus } from '../../../visualisation/marks';
import type { Rect } from './camera';
import { freeCorner, HEIGHT, WIDTH, type Corner } from './corners';
import type { Palette } from './palette';

/**
 * The whole picture, small, with a frame around the visible part. Hidden while all is visible, or the map would cover a
 * box.
 */
export class Minimap {
  private readonly canvas = document.createElement('canvas');
  private readonly kept = document.createElement('canvas');
  private picture: Picture | undefined;
  private statusOf: (knot: number) => KnotStatus = () => 'pending';
  private palette: Palette | undefined;
  private corner: Corner = 'bottom-right';
  private isHeld = false;

  constructor(host: HTMLElement, onLook: (x: number, y: number) => void) {
    const { canvas } = this;
    canvas.className = 'g-minimap';
    canvas.setAttribute('aria-hidden', 'true');
    host.append(canvas);
    const look = (event: PointerEvent): void => {
      if (!this.picture || event.buttons !== 1) return;
      const { left, top } = canvas.getBoundingClientRect();
      const { scale, dx, dy } = this.fitted();
      onLook((event.clientX - left - dx) / scale, (event.clientY - top - dy) / scale);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.isHeld = true;
      look(event);
    });
    canvas.addEventListener('pointermove', look);
    for (const name of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(name, () => (this.isHeld = false));
    for (const name of ['dblclick', 'pointerup'] as const)
      canvas.addEventListener(name, (event) => event.stopPropagation());
  }

  setPicture(picture: Picture, statusOf: (knot: number) => KnotStatus, palette: Palette): void {
    this.picture = picture;
    this.statusOf = statusOf;
    this.recolour(palette);
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    const ratio = Math.min(2, devicePixelRatio);
    for (const canvas of [this.kept, this.canvas]) {
      canvas.width = WIDTH * ratio;
      canvas.height = HEIGHT * ratio;
    }
    const context = this.kept.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (this.picture) this.changed(this.picture.boxes.keys());
  }

  changed(knots: Iterable<number>): void {
    const { picture, palette } = this;
    if (!picture || !palette) return;
    const context = this.kept.getContext('2d')!;
    const { scale, dx, dy } = this.fitted();
    for (const knot of knots) {
      const box = picture.boxes[knot];
      if (!box) continue;
      context.fillStyle = palette.status[this.statusOf(knot)];
      context.fillRect(
        dx + box.x * scale,
        dy + box.y * scale,
        Math.max(0.75, box.width * scale),
        Math.max(0.75, box.height * scale),
      );
    }
    for (const group of picture.groups) {
      if (!group.isClosed) continue;
      context.fillStyle = palette.line;
      context.fillRect(
        dx + group.x * scale,
        dy + group.y * scale,
        Math.max(1, group.width * scale),
        Math.max(1, group.height * scale),
      );
    }
  }

  draw(view: Rect, isFree: (corner: Corner) => boolean): void {
    const { picture, palette, canvas } = this;
    if (!picture || !palette) return;
    const isWhole =
      view.x <= 0 &&
      view.y <= 0 &&
      view.x + view.width >= picture.width &&
      view.y + view.height >= picture.height;
    // The minimap stays in its corner while it is held.
    const corner = isWhole ? undefined : this.isHeld ? this.corner : freeCorner(this.corner, isFree);
    canvas.hidden = corner === undefined;
    if (corner === undefined) return;
    this.corner = corner;
    canvas.className = `g-minimap ${corner}`;
    const context = canvas.getContext('2d')!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.kept, 0, 0);
    const ratio = canvas.width / WIDTH;
    const { scale, dx, dy } = this.fitted();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    const left = Math.max(0.75, dx + view.x * scale);
    const top = Math.max(0.75, dy + view.y * scale);
    const right = Math.min(WIDTH - 0.75, dx + (view.x + view.width) * scale);
    const bottom = Math.min(HEIGHT - 0.75, dy + (view.y + view.height) * scale);
    context.strokeRect(left, top, Math.max(2, right - left), Math.max(2, bottom - top));
  }

  private fitted(): { scale: number; dx: number; dy: number } {
    const { width, height } = this.picture!;
    const pad = 6;
    const scale = Math.min(
      (WIDTH - 2 * pad) / Math.max(1, width),
      (HEIGHT - 2 * pad) / Math.max(1, height),
      0.12,
    );
    return { scale, dx: (WIDTH - width * scale) / 2, dy: (HEIGHT - height * scale) / 2 };
  }
}
