/*
 * What has a record of its own in a run: knots, by their numbers in the layout, and elements of maps, by numbers beyond all of them.
 */

/** More than a layout has knots. */
const ELEMENTS = 2 ** 20;

/** The number of an element of a map. */
export function elementUnit(map: number, position: number): number {
  return (position + 1) * ELEMENTS + map;
}

export function isElement(unit: number): boolean {
  return unit >= ELEMENTS;
}

/** Of an element its map, of a knot itself. */
export function knotOfUnit(unit: number): number {
  return unit % ELEMENTS;
}

/** Of an element. */
export function positionOf(unit: number): number {
  return Math.floor(unit / ELEMENTS) - 1;
}
