import type { Picture } from '../../../visualisation';
import type { KnotStatus } from '../../../visualisation/marks';
import { cleared, element } from '../ui/canvas';
import type { Rect } from './camera';
import { freeCorner, HEIGHT, WIDTH, type Corner } from './corners';
import type { Palette } from './palette';

/**
 * The whole picture, small, with a frame around the visible part. Hidden while all is visible, or the map would cover a
 * box.
 */
export class Minimap {
  private readonly root: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly frame: HTMLElement;
  private picture: Picture | undefined;
  private statusOf: (knot: number) => KnotStatus = () => 'pending';
  private palette: Palette | undefined;
  private corner: Corner = 'bottom-right';
  private isHeld = false;

  constructor(host: HTMLElement, onLook: (x: number, y: number) => void) {
    const root = (this.root = element('div', 'g-minimap', host));
    root.setAttribute('aria-hidden', 'true');
    this.canvas = element('canvas', '', root);
    this.frame = element('div', 'g-frame', root);
    const look = (event: PointerEvent): void => {
      if (!this.picture || event.buttons !== 1) return;
      const { left, top } = this.canvas.getBoundingClientRect();
      const { scale, dx, dy } = this.fitted();
      onLook((event.clientX - left - dx) / scale, (event.clientY - top - dy) / scale);
    };
    root.addEventListener('pointerdown', (event) => {
      root.setPointerCapture(event.pointerId);
      this.isHeld = true;
      look(event);
    });
    root.addEventListener('pointermove', look);
    for (const name of ['pointerup', 'pointercancel'] as const)
      root.addEventListener(name, () => (this.isHeld = false));
    for (const name of ['dblclick', 'pointerup'] as const)
      root.addEventListener(name, (event) => event.stopPropagation());
  }

  setPicture(picture: Picture, statusOf: (knot: number) => KnotStatus, palette: Palette): void {
    this.picture = picture;
    this.statusOf = statusOf;
    this.recolour(palette);
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    const ratio = Math.min(2, devicePixelRatio);
    const context = cleared(this.canvas, WIDTH, HEIGHT, ratio);
    if (!this.picture) return;
    this.changed(this.picture.boxes.keys());
    context.fillStyle = palette.line;
    const { scale, dx, dy } = this.fitted();
    for (const group of this.picture.groups) {
      if (!group.isClosed) continue;
      context.fillRect(
        dx + group.x * scale,
        dy + group.y * scale,
        Math.max(1, group.width * scale),
        Math.max(1, group.height * scale),
      );
    }
  }

  changed(knots: Iterable<number>): void {
    const { picture, palette } = this;
    if (!picture || !palette) return;
    const context = this.canvas.getContext('2d')!;
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
  }

  draw(view: Rect, isFree: (corner: Corner) => boolean): void {
    const { picture, root, frame } = this;
    if (!picture) return;
    const isWhole =
      view.x <= 0 &&
      view.y <= 0 &&
      view.x + view.width >= picture.width &&
      view.y + view.height >= picture.height;
    // The minimap stays in its corner while it is held.
    const corner = isWhole ? undefined : this.isHeld ? this.corner : freeCorner(this.corner, isFree);
    root.hidden = corner === undefined;
    if (corner === undefined) return;
    this.corner = corner;
    root.className = `g-minimap ${corner}`;
    const { scale, dx, dy } = this.fitted();
    const left = Math.max(0.75, dx + view.x * scale);
    const top = Math.max(0.75, dy + view.y * scale);
    const right = Math.min(WIDTH - 0.75, dx + (view.x + view.width) * scale);
    const bottom = Math.min(HEIGHT - 0.75, dy + (view.y + view.height) * scale);
    frame.style.transform = `translate(${left}px, ${top}px)`;
    frame.style.width = `${Math.max(2, right - left)}px`;
    frame.style.height = `${Math.max(2, bottom - top)}px`;
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
