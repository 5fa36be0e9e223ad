import { element } from '../ui/canvas';
import { meets, viewOf, type Camera, type Rect, type Size } from './camera';
import { isDrawn, paint, paintBoxes, paintShares, type Look } from './painter';
import type { Scene } from './scene';

/** The paper of a layer: a screen or a print. */
export interface Paper {
  /** Dots for a pixel. */
  readonly ratio: number;
  /** Pixels drawn beyond each side of the viewport, so that a short pan draws nothing. */
  readonly margin: number;
}

interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** Screen pixels drawn beyond each side of the viewport. */
  margin: number;
  camera: Camera;
  rect: Rect;
}

/**
 * A cached drawing. Pans move its canvas, so that the browser draws nothing anew. A drawing that no longer fits is
 * made anew on a second sheet, in slices.
 */
export class Layer {
  private front: Sheet | undefined;
  private back: Sheet | undefined;
  private job: Generator<void, void, void> | undefined;
  /** Boxes that changed while the second sheet was being drawn. */
  private late = new Set<number>();

  constructor(
    private readonly host: HTMLElement,
    private readonly scene: Scene,
    readonly look: Look,
  ) {
    host.replaceChildren();
  }

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
  draw(camera: Camera, viewport: Size, paper: Paper, budgetMs: number): boolean {
    const isFirst = this.front === undefined;
    if (!this.job && !this.serves(this.front, camera, viewport, paper)) this.begin(camera, viewport, paper);
    const isDone = this.proceed(isFirst ? Infinity : budgetMs);
    this.show(camera);
    return !isDone || !this.serves(this.front, camera, viewport, paper);
  }

  private serves(sheet: Sheet | undefined, camera: Camera, viewport: Size, paper: Paper): boolean {
    if (!sheet || sheet.camera.zoom !== camera.zoom || sheet.rect.width < 0) return false;
    const view = viewOf(camera, viewport);
    const { rect, canvas } = sheet;
    const slack = 0.5 / camera.zoom;
    const { width, height } = dotsOf(viewport, paper);
    return (
      canvas.width === width &&
      canvas.height === height &&
      view.x >= rect.x - slack &&
      view.y >= rect.y - slack &&
      view.x + view.width <= rect.x + rect.width + slack &&
      view.y + view.height <= rect.y + rect.height + slack
    );
  }

  private begin(camera: Camera, viewport: Size, paper: Paper): void {
    const margin = paper.margin / camera.zoom;
    const view = viewOf(camera, viewport);
    const rect = {
      x: view.x - margin,
      y: view.y - margin,
      width: view.width + 2 * margin,
      height: view.height + 2 * margin,
    };
    const sheet = (this.back ??= newSheet(this.host));
    const { canvas, context } = sheet;
    const { width, height } = dotsOf(viewport, paper);
    if (canvas.width === width && canvas.height === height) context.reset();
    else Object.assign(canvas, { width, height });
    canvas.style.width = `${width / paper.ratio}px`;
    context.setTransform(paper.ratio, 0, 0, paper.ratio, 0, 0);
    sheet.margin = paper.margin;
    sheet.camera = camera;
    sheet.rect = rect;
    this.late = new Set();
    this.job = paint(context, this.scene, this.look, camera, rect);
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
    const { look, scene } = this;
    const { boxes, groups } = scene.picture;
    const shown = knots.filter((knot) => {
      const box = boxes[knot];
      return box && meets(box, rect) && (look.only?.has(knot) ?? true);
    });
    const pen = { context, zoom: camera.zoom, left: rect.x, top: rect.y };
    if (shown.length > 0) paintBoxes(pen, scene.picture, look, shown);
    for (const index of scene.closedGroupsOf(knots)) {
      const group = groups[index]!;
      if (meets(group, rect) && isDrawn(group, look)) paintShares(pen, group, look, index);
    }
  }

  private show(camera: Camera): void {
    const sheet = this.front;
    if (!sheet) return;
    const scale = camera.zoom / sheet.camera.zoom;
    const margin = sheet.margin / sheet.camera.zoom;
    // The rectangle is computed from the sheet's camera, because the sheet's own may already be marked as invalid.
    const x = (sheet.camera.x - margin - camera.x) * camera.zoom;
    const y = (sheet.camera.y - margin - camera.y) * camera.zoom;
    sheet.canvas.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    sheet.canvas.hidden = false;
    if (this.back) this.back.canvas.hidden = true;
  }
}

const dotsOf = ({ width, height }: Size, { margin, ratio }: Paper): Size => ({
  width: Math.ceil((width + 2 * margin) * ratio),
  height: Math.ceil((height + 2 * margin) * ratio),
});

function newSheet(host: HTMLElement): Sheet {
  const canvas = element('canvas', 'g-canvas', host);
  canvas.hidden = true;
  return {
    canvas,
    context: canvas.getContext('2d')!,
    margin: 0,
    camera: { x: 0, y: 0, zoom: 1 },
    rect: { x: 0, y: 0, width: -1, height: -1 },
  };
}
