import type { Box, GroupBox, Picture } from '../../../visualisation';
import { KNOT_STATUSES, type KnotStatus } from '../../../visualisation/marks';
import { meets, type Camera, type Rect } from './camera';
import { legible, lettersIn, SANS_LETTER } from './legible';
import type { Palette } from './palette';
import type { Scene } from './scene';
import { labelIn } from '../../../visualisation/groups';
import { shortened, shownText } from '../shown-text';
import { SHAPES } from '../ui/tones';
import { TONES } from './status';

export interface Look {
  palette(): Palette;
  statusOf(knot: number): KnotStatus;
  readonly wordOf: (status: KnotStatus) => string;
  linesOf(knot: number): readonly [string, string];
  countsOf(group: number): Readonly<Partial<Record<KnotStatus, number>>>;
  /** The only knots that are drawn in full; undefined for all knots. */
  readonly only?: ReadonlySet<number>;
  /** The knot that has an outline. */
  readonly chosen?: number;
  readonly isHighlight?: boolean;
}

/** Zoom from which a box has an outline. */
const OUTLINES = 0.24;
/** Least number of drawn letters of a name: fewer say nothing. */
const FEWEST = 3;
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace';
const SANS = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';

/** Draws in slices, so that the next frame may go on. The origin of the context is at the corner of `rect`. */
export function* paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  look: Look,
  camera: Camera,
  rect: Rect,
): Generator<void, void, void> {
  const { zoom } = camera;
  const pen = { context, zoom, left: rect.x, top: rect.y };
  const { picture } = scene;
  yield* paintGroups(pen, picture, look, rect);
  yield* paintWires(pen, scene, look, rect);
  const knots = scene.knots.in(rect).filter((knot) => look.only?.has(knot) ?? true);
  for (let start = 0; start < knots.length; start += SLICE) {
    paintBoxes(pen, picture, look, knots.slice(start, start + SLICE));
    yield;
  }
  paintGroupNames(pen, picture, look, rect);
  const chosen = look.chosen === undefined ? undefined : scene.placeOf(look.chosen);
  if (chosen) paintOutline(pen, chosen, look.palette());
}

const SLICE = 600;

interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly zoom: number;
  /** The point of the picture at the context's origin. */
  readonly left: number;
  readonly top: number;
}

export function paintBoxes(pen: Pen, picture: Picture, look: Look, knots: readonly number[]): void {
  const { context, zoom } = pen;
  const palette = look.palette();
  const byStatus = new Map<KnotStatus, number[]>(KNOT_STATUSES.map((status) => [status, []]));
  for (const knot of knots) if (picture.boxes[knot]) byStatus.get(look.statusOf(knot))!.push(knot);
  if (zoom < OUTLINES) {
    for (const [status, those] of byStatus) {
      context.fillStyle = palette.status[status];
      for (const knot of those) {
        const { x, y, width, height } = onScreen(pen, picture.boxes[knot]!);
        context.fillRect(x, y, Math.max(1.5, width), Math.max(1.5, height));
      }
    }
    return;
  }
  for (const [status, those] of byStatus) {
    if (those.length === 0) continue;
    const outlines = new Path2D();
    const bars = new Path2D();
    const radius = Math.min(8, 8 * zoom);
    for (const knot of those) {
      const { x, y, width, height } = onScreen(pen, picture.boxes[knot]!);
      outlines.roundRect(x, y, width, height, radius);
      bars.roundRect(x, y, Math.max(2, 5 * zoom), height, [radius, 0, 0, radius]);
    }
    context.fillStyle = palette.surface;
    context.fill(outlines);
    context.fillStyle = palette.tint[status];
    context.fill(outlines);
    context.lineWidth = 1;
    context.strokeStyle = status === 'pending' ? palette.line : palette.status[status];
    context.setLineDash(status === 'pending' || status === 'skipped' ? [3, 3] : []);
    context.stroke(outlines);
    context.setLineDash([]);
    context.fillStyle = palette.status[status];
    context.fill(bars);
  }
  paintTexts(pen, picture, look, byStatus);
}

function paintTexts(
  { context, zoom, left, top }: Pen,
  picture: Picture,
  look: Look,
  byStatus: ReadonlyMap<KnotStatus, readonly number[]>,
): void {
  context.textBaseline = 'middle';
  for (const [status, those] of byStatus) {
    for (const knot of those) {
      const box = picture.boxes[knot]!;
      const x = (box.x - left) * zoom;
      const y = (box.y - top) * zoom;
      const [width, height] = [box.width * zoom, box.height * zoom];
      const [first, second] = look.linesOf(knot);
      const inset = Math.max(5, 14 * zoom);
      const { lines, first: size, second: small } = legible(box.height, zoom);
      const line = lines === 2 ? y + height * 0.33 : y + height / 2;
      context.font = `${size}px ${MONO}`;
      context.fillStyle = look.palette().status[status];
      fillShape(context, status, x + inset, line - size * 0.48, size * 0.96);
      context.fillStyle = look.palette().text;
      const room = width - inset - size * 1.9;
      const letters = lettersIn(room, size);
      if (lines > 0 && letters >= FEWEST)
        context.fillText(shortened(first, letters), x + inset + size * 1.4, line, room);
      if (lines < 2 || second === '') continue;
      const whole = width - 2 * inset;
      context.font = `${small}px ${SANS}`;
      context.fillStyle = look.palette().quiet;
      // The widths of letters differ: a line whose width is estimated too small is pressed into the box.
      context.fillText(
        shortened(second, lettersIn(whole, small, SANS_LETTER)),
        x + inset,
        y + height * 0.69,
        whole,
      );
    }
  }
}

const shapes = new Map<KnotStatus, Path2D>();

function fillShape(
  context: CanvasRenderingContext2D,
  status: KnotStatus,
  x: number,
  y: number,
  size: number,
): void {
  let shape = shapes.get(status);
  if (!shape) shapes.set(status, (shape = new Path2D(SHAPES[TONES[status]])));
  const before = context.getTransform();
  context.translate(x, y);
  context.scale(size / 12, size / 12);
  context.fill(shape, 'evenodd');
  context.setTransform(before);
}

function* paintWires(pen: Pen, scene: Scene, look: Look, rect: Rect): Generator<void, void, void> {
  const { context, zoom } = pen;
  const { wires } = scene.picture;
  const seen = scene.wires.in(rect);
  const { only } = look;
  const palette = look.palette();
  context.strokeStyle = look.isHighlight ? palette.accent : palette.wire;
  context.lineWidth = look.isHighlight ? Math.max(1.25, 2 * zoom) : Math.max(0.4, Math.min(1.4, 1.6 * zoom));
  context.lineJoin = 'round';
  // Zoomed out, many lines overlap, so each one is faint.
  context.globalAlpha = look.isHighlight ? 1 : Math.max(0.22, Math.min(1, zoom / 0.2));
  let path = new Path2D();
  const heads = new Path2D();
  let count = 0;
  for (const index of seen) {
    const { from, to, points } = wires[index]!;
    if (only && !((from < 0 || only.has(from)) && (to < 0 || only.has(to)))) continue;
    trace(pen, points, path);
    if (zoom >= OUTLINES) head(pen, points, heads);
    count += 1;
    if (count % SLICE === 0) {
      context.stroke(path);
      path = new Path2D();
      const alpha = context.globalAlpha;
      yield;
      context.globalAlpha = alpha;
    }
  }
  context.stroke(path);
  context.fillStyle = look.isHighlight ? palette.accent : palette.wire;
  context.fill(heads);
  context.globalAlpha = 1;
}

function trace({ zoom, left, top }: Pen, points: readonly number[], path: Path2D): void {
  const last = points.length - 2;
  const radius = 8 * zoom;
  path.moveTo((points[0]! - left) * zoom, (points[1]! - top) * zoom);
  for (let at = 2; at < last; at += 2) {
    const x = (points[at]! - left) * zoom;
    const y = (points[at + 1]! - top) * zoom;
    if (radius < 1.5) {
      path.lineTo(x, y);
      continue;
    }
    const before = Math.abs(points[at]! - points[at - 2]!) + Math.abs(points[at + 1]! - points[at - 1]!);
    const after = Math.abs(points[at + 2]! - points[at]!) + Math.abs(points[at + 3]! - points[at + 1]!);
    const round = Math.min(radius, (before * zoom) / 2, (after * zoom) / 2);
    path.arcTo(x, y, (points[at + 2]! - left) * zoom, (points[at + 3]! - top) * zoom, round);
  }
  path.lineTo((points[last]! - left) * zoom, (points[last + 1]! - top) * zoom);
}

function head({ zoom, left, top }: Pen, points: readonly number[], path: Path2D): void {
  const x = (points[points.length - 2]! - left) * zoom;
  const y = (points[points.length - 1]! - top) * zoom;
  const size = Math.min(6, 7 * zoom);
  path.moveTo(x, y);
  path.lineTo(x - size * 0.6, y - size * 1.3);
  path.lineTo(x + size * 0.6, y - size * 1.3);
  path.closePath();
}

function* paintGroups(pen: Pen, picture: Picture, look: Look, rect: Rect): Generator<void, void, void> {
  const { context, zoom } = pen;
  let count = 0;
  for (const [index, group] of picture.groups.entries()) {
    if (!meets(group, rect) || isInClosed(picture, group)) continue;
    if (!isDrawn(group, look)) continue;
    const { x, y, width, height } = onScreen(pen, group);
    if (width < 2) continue;
    const radius = Math.min(12, 12 * zoom);
    if (group.isClosed) paintClosed(pen, group, look, index);
    else {
      context.beginPath();
      context.roundRect(x, y, width, height, radius);
      context.fillStyle = look.palette().group;
      context.fill();
      context.lineWidth = 1;
      context.strokeStyle = look.palette().line;
      context.stroke();
    }
    if ((count += 1) % 200 === 0) yield;
  }
}

export const isDrawn = ({ members }: GroupBox, { only }: Look): boolean =>
  !only || members.some((knot) => only.has(knot));

/** A closed group: a stack of sheets with the shares of its members' statuses. */
function paintClosed(pen: Pen, group: GroupBox, look: Look, index: number): void {
  const { context, zoom } = pen;
  const palette = look.palette();
  const { x, y, width, height } = onScreen(pen, group);
  const radius = Math.min(8, 8 * zoom);
  for (const step of [2, 1, 0]) {
    const shift = step * 3 * zoom;
    context.beginPath();
    context.roundRect(x + shift, y + shift, width, height, radius);
    context.fillStyle = palette.surface;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = palette.line;
    context.stroke();
  }
  paintShares(pen, group, look, index);
}

/** The name of a closed group, and a bar and a text with the shares of its members' statuses, over those drawn before. */
export function paintShares(pen: Pen, group: GroupBox, look: Look, index: number): void {
  const { context, zoom } = pen;
  const palette = look.palette();
  const { x, y, width, height } = onScreen(pen, group);
  const counts = look.countsOf(index);
  const total = group.members.length;
  const bar = Math.max(2, 5 * zoom);
  const inset = 12 * zoom;
  context.fillStyle = palette.surface;
  context.fillRect(x + inset / 2, y + inset / 4, width - inset, height - inset / 2);
  let at = x + inset;
  for (const status of KNOT_STATUSES) {
    const share = ((counts[status] ?? 0) / Math.max(1, total)) * (width - 2 * inset);
    if (share <= 0) continue;
    context.fillStyle = palette.status[status];
    context.fillRect(at, y + height - bar - inset / 1.5, Math.max(share, 1), bar);
    at += share;
  }
  const { lines, first: size, second: small } = legible(group.height, zoom);
  if (lines === 0) return;
  context.textBaseline = 'middle';
  context.font = `600 ${size}px ${MONO}`;
  context.fillStyle = palette.text;
  context.fillText(
    shortened(shownText(group.name), lettersIn(width - 2 * inset, size)),
    x + inset,
    y + height * 0.3,
    width - 2 * inset,
  );
  if (lines < 2) return;
  context.font = `${small}px ${SANS}`;
  context.fillStyle = palette.quiet;
  const room = (width - 2 * inset) / (small * 0.5);
  context.fillText(groupText(look, counts, total, room), x + inset, y + height * 0.57, width - 2 * inset);
}

/** The counts of a group, as many as there is room for, the most important first. */
function groupText(
  look: Look,
  counts: Readonly<Partial<Record<KnotStatus, number>>>,
  total: number,
  room: number,
): string {
  const parts = KNOT_STATUSES.flatMap((status) =>
    counts[status] && status !== 'pending' && status !== 'ok'
      ? [`${counts[status].toLocaleString('en')} ${look.wordOf(status)}`]
      : [],
  );
  const all = [`${total.toLocaleString('en')} knots`, ...parts];
  while (all.length > 1 && all.join(' · ').length > room) all.pop();
  return all.join(' · ');
}

/** Group names keep their size at any zoom: zoomed out, they label the map. */
function paintGroupNames(pen: Pen, picture: Picture, look: Look, rect: Rect): void {
  const { context, zoom } = pen;
  context.textBaseline = 'alphabetic';
  for (const group of picture.groups) {
    if ((group.isClosed && zoom >= OUTLINES) || !meets(group, rect) || isInClosed(picture, group)) continue;
    const { x, y, width, height } = onScreen(pen, group);
    const around = group.parent === undefined ? undefined : picture.groups[group.parent]!.name;
    const name = `${group.isClosed ? '⊞' : '⊟'} ${shownText(labelIn(group.name, around))}`;
    const isFar = zoom < OUTLINES;
    if (width < (isFar ? 64 : 90) || height < 18 || (group.depth > 0 && zoom < 0.42)) continue;
    const size = Math.max(11, isFar ? 0 : 12 * zoom);
    context.font = `600 ${size}px ${SANS}`;
    const room = (width - 12) / (size * 0.56);
    const counts = `${name}  ${group.members.length.toLocaleString('en')}`;
    const text = shortened(counts.length <= room ? counts : name, room);
    const [left, base] = [x + Math.max(4, 10 * zoom), y + Math.max(size + 2, 20 * zoom)];
    context.lineWidth = 4;
    context.strokeStyle = look.palette().ground;
    context.strokeText(text, left, base);
    context.fillStyle = look.palette().quiet;
    context.fillText(text, left, base);
  }
}

const onScreen = ({ zoom, left, top }: Pen, box: Box): Rect => ({
  x: (box.x - left) * zoom,
  y: (box.y - top) * zoom,
  width: box.width * zoom,
  height: box.height * zoom,
});

function isInClosed(picture: Picture, group: GroupBox): boolean {
  for (let { parent } = group; parent !== undefined;) {
    const around = picture.groups[parent]!;
    if (around.isClosed) return true;
    parent = around.parent;
  }
  return false;
}

function paintOutline(pen: Pen, place: Rect, { accent }: Palette): void {
  const { context, zoom } = pen;
  const { x, y, width, height } = onScreen(pen, place);
  context.strokeStyle = accent;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(x - 3, y - 3, width + 6, height + 6, 8 * zoom + 3);
  context.stroke();
}
