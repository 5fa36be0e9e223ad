import type { Rect, Size } from './camera';

/** Size of the minimap, in screen pixels. */
export const WIDTH = 168;
export const HEIGHT = 112;

const BORDER = 10;

/** Corners for the minimap; the top right one has the buttons. */
export const CORNERS = ['bottom-right', 'bottom-left', 'top-left'] as const;
export type Corner = (typeof CORNERS)[number];

/** Where the minimap lies in a viewport, in screen pixels, with some air. */
export function placeIn(corner: Corner, viewport: Size): Rect {
  const [width, height] = [WIDTH + 2 * BORDER, HEIGHT + 2 * BORDER];
  const x = corner.endsWith('left') ? 0 : viewport.width - width;
  return { x, y: corner.startsWith('top') ? 0 : viewport.height - height, width, height };
}

/** A corner in which the minimap covers nothing: the present one if possible; undefined if there is none. */
export function freeCorner(present: Corner, isFree: (corner: Corner) => boolean): Corner | undefined {
  return isFree(present) ? present : CORNERS.find(isFree);
}
