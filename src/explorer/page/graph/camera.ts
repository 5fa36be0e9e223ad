/** The picture's point at the top left of the viewport, and screen pixels per picture pixel. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export const meets = (one: Rect, other: Rect): boolean =>
  one.x <= other.x + other.width &&
  one.x + one.width >= other.x &&
  one.y <= other.y + other.height &&
  one.y + one.height >= other.y;

const MAX_ZOOM = 2;
const MIN_ZOOM = 0.005;
const MARGIN = 32;

/** Centres the whole picture in the viewport, at most at full size. */
export function fit(picture: Size, viewport: Size): Camera {
  const zoom = Math.min(
    1,
    (viewport.width - 2 * MARGIN) / Math.max(1, picture.width),
    (viewport.height - 2 * MARGIN) / Math.max(1, picture.height),
  );
  return centred({ x: 0, y: 0, ...picture }, viewport, Math.max(MIN_ZOOM, zoom));
}

/** The first view of a run: the whole picture if it is legible, else its beginning at a legible size. */
export function opening(picture: Size, viewport: Size): Camera {
  const whole = fit(picture, viewport);
  const readable = 0.6;
  if (whole.zoom >= readable || picture.width * picture.height > 4e7) return whole;
  const zoom = Math.max(whole.zoom, Math.min(readable, (viewport.width - 2 * MARGIN) / picture.width));
  const x = picture.width / 2 - viewport.width / 2 / zoom;
  return { x, y: -MARGIN / zoom, zoom };
}

function centred(rect: Rect, viewport: Size, zoom: number): Camera {
  return {
    x: rect.x + rect.width / 2 - viewport.width / 2 / zoom,
    y: rect.y + rect.height / 2 - viewport.height / 2 / zoom,
    zoom,
  };
}

export const panned = (camera: Camera, dx: number, dy: number): Camera => ({
  ...camera,
  x: camera.x + dx / camera.zoom,
  y: camera.y + dy / camera.zoom,
});

export function zoomedAt(camera: Camera, factor: number, px: number, py: number): Camera {
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, camera.zoom * factor));
  return { x: camera.x + px / camera.zoom - px / zoom, y: camera.y + py / camera.zoom - py / zoom, zoom };
}

/** The camera after the smallest pan that shows a rectangle; the same one if the rectangle is already visible. */
export function revealed(camera: Camera, rect: Rect, viewport: Size): Camera {
  const margin = MARGIN / camera.zoom;
  const [width, height] = [viewport.width / camera.zoom, viewport.height / camera.zoom];
  const x = shown(camera.x, width, rect.x - margin, rect.x + rect.width + margin);
  const y = shown(camera.y, height, rect.y - margin, rect.y + rect.height + margin);
  return x === camera.x && y === camera.y ? camera : { ...camera, x, y };
}

function shown(start: number, length: number, low: number, high: number): number {
  if (high - low > length) return (low + high - length) / 2;
  return Math.max(high - length, Math.min(low, start));
}

export const viewOf = (camera: Camera, viewport: Size): Rect => ({
  x: camera.x,
  y: camera.y,
  width: viewport.width / camera.zoom,
  height: viewport.height / camera.zoom,
});

/** A rectangle of the screen in the picture. */
export const inPicture = ({ x, y, zoom }: Camera, on: Rect): Rect => ({
  x: x + on.x / zoom,
  y: y + on.y / zoom,
  width: on.width / zoom,
  height: on.height / zoom,
});

/** The camera as in the URL: centre and zoom, so that a window of another size shows the same place. */
export function cameraText(camera: Camera, viewport: Size): string {
  const { x, y, width, height } = viewOf(camera, viewport);
  return [Math.round(x + width / 2), Math.round(y + height / 2), Number(camera.zoom.toPrecision(3))].join(
    '_',
  );
}

export function cameraOf(text: string | undefined, viewport: Size): Camera | undefined {
  const [x, y, zoom] = (text ?? '').split('_').map(Number);
  if (![x, y, zoom].every(Number.isFinite) || zoom! < MIN_ZOOM || zoom! > MAX_ZOOM) return undefined;
  return centred({ x: x!, y: y!, width: 0, height: 0 }, viewport, zoom!);
}
