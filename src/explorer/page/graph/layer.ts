import { meets, viewOf, type Camera, type Rect, type Size } from './camera';
import { paint, paintBoxes, type Look } from './painter';
import type { Scene } from './scene';

/** Screen pixels drawn beyond each side of the viewport, so that a short pan draws nothing. */
const MARGIN = 240;

interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  camera: Camera;
  rect: Rect;
}

/** A cached drawing, moved by pans. A drawing that no longer fits is made anew on a second sheet, in slices. */
export class Layer {
  private front: Sheet | undefined;
  private back: Sheet | undefined;
  private job: Generator<void, void, void> | undefined;
  /** Boxes that changed while the second sheet was being drawn. */
  private late = new Set<number>();

  constructor(
    private readonly scene: Scene,
    readonly look: Look,
  ) {}

  /** Redraws everything; the old drawing is shown meanwhile. */
  invalidate(): void {
    this.job = undefined;
    if (this.front) this.front.rect = { x: 0, y: 0, width: -1, height: -1 };
  }

  changed(knots: readonly number[]): void {
    if (this.front && this.front.rect.width > 0) this.repaint(this.front, knots);
    if (this.job) for (const knot of knots) this.late.add(knot);
  }

  /** @returns whether there is more to draw */
  draw(
    target: CanvasRenderingContext2D,
    camera: Camera,
    viewport: Size,
    ratio: number,
    budgetMs: number,
  ): boolean {
    const isFirst = this.front === undefined;
    if (!this.job && !this.serves(this.front, camera, viewport, ratio)) this.begin(camera, viewport, ratio);
    const isDone = this.proceed(isFirst ? Infinity : budgetMs);
    this.show(target, camera, ratio);
    return !isDone || !this.serves(this.front, camera, viewport, ratio);
  }

  private serves(sheet: Sheet | undefined, camera: Camera, viewport: Size, ratio: number): boolean {
    if (!sheet || sheet.camera.zoom !== camera.zoom || sheet.rect.width < 0) return false;
    const view = viewOf(camera, viewport);
    const { rect, canvas } = sheet;
    const slack = 0.5 / camera.zoom;
    return (
      canvas.width === Math.ceil((viewport.width + 2 * MARGIN) * ratio) &&
      canvas.height === Math.ceil((viewport.height + 2 * MARGIN) * ratio) &&
      view.x >= rect.x - slack &&
      view.y >= rect.y - slack &&
      view.x + view.width <= rect.x + rect.width + slack &&
      view.y + view.height <= rect.y + rect.height + slack
    );
  }

  private begin(camera: Camera, viewport: Size, ratio: number): void {
    const margin = MARGIN / camera.zoom;
    const view = viewOf(camera, viewport);
    const rect = {
      x: view.x - margin,
      y: view.y - margin,
      width: view.width + 2 * margin,
      height: view.height + 2 * margin,
    };
    const sheet = (this.back ??= newSheet());
    sheet.canvas.width = Math.ceil((viewport.width + 2 * MARGIN) * ratio);
    sheet.canvas.height = Math.ceil((viewport.height + 2 * MARGIN) * ratio);
    sheet.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    sheet.camera = camera;
    sheet.rect = rect;
    this.late = new Set();
    this.job = paint(sheet.context, this.scene, this.look, camera, rect);
  }

  private proceed(budgetMs: number): boolean {
    if (!this.job) return true;
    const end = performance.now() + budgetMs;
    do {
      if (this.job.next().done !== true) continue;
      this.job = undefined;
      [this.front, this.back] = [this.back, this.front];
      this.repaint(this.front!, [...this.late]);
      return true;
    } while (performance.now() < end);
    return false;
  }

  private repaint({ context, camera, rect }: Sheet, knots: readonly number[]): void {
    const { only } = this.look;
    const shown = knots.filter((knot) => {
      const box = this.scene.picture.boxes[knot];
      return box && meets(box, rect) && (only?.has(knot) ?? true);
    });
    if (shown.length === 0) return;
    paintBoxes(
      { context, zoom: camera.zoom, left: rect.x, top: rect.y },
      this.scene.picture,
      this.look,
      shown,
    );
  }

  private show(target: CanvasRenderingContext2D, camera: Camera, ratio: number): void {
    const sheet = this.front;
    if (!sheet) return;
    const scale = camera.zoom / sheet.camera.zoom;
    const margin = MARGIN / sheet.camera.zoom;
    // The rectangle is computed from the sheet's camera, because the sheet's own may already be marked as invalid.
    const x = (sheet.camera.x - margin - camera.x) * camera.zoom;
    const y = (sheet.camera.y - margin - camera.y) * camera.zoom;
    const { width, height } = sheet.canvas;
    target.drawImage(sheet.canvas, x, y, (width * scale) / ratio, (height * scale) / ratio);
  }
}

function newSheet(): Sheet {
  const canvas = document.createElement('canvas');
  return {
    canvas,
    context: canvas.getContext('2d')!,
    camera: { x: 0, y: 0, zoom: 1 },
    rect: { x: 0, y: 0, width: -1, height: -1 },
  };
}
