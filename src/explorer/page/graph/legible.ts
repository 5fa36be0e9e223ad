import { shortened } from '../shown-text';

/** Smallest size of a text of a graph on the screen, in pixels. */
const LEAST = 11;
const FIRST = 13;
const SECOND = 11;
/** Height of a line of text, and width of a letter, by the size of the text. */
const LINE = 1.25;
const LETTER = 0.602;
/** Width of a letter of a font whose letters differ in width. */
export const SANS_LETTER = 0.52;
/** A name shortened to fewer letters says nothing. */
const READABLE = 10;

/** The lines of text that fit into a box, and their sizes on the screen. */
export interface Legible {
  readonly lines: 0 | 1 | 2;
  readonly first: number;
  readonly second: number;
}

/** A box that is too low for its text at this zoom loses its second line, then its first. */
export function legible(height: number, zoom: number): Legible {
  const first = Math.max(LEAST, FIRST * zoom);
  const second = Math.max(LEAST, SECOND * zoom);
  const room = height * zoom;
  const lines = room >= (first + second) * LINE + 3 ? 2 : room >= first * LINE ? 1 : 0;
  return { lines, first, second };
}

/** The number of letters that fit into a width on the screen. */
export function lettersIn(width: number, size: number, letter = LETTER): number {
  return Math.max(0, Math.floor(width / (size * letter)));
}

/** A name in the room for so many letters; empty if too little of it would be left. */
export function nameIn(name: string, letters: number): string {
  return letters < Math.min(READABLE, name.length) ? '' : shortened(name, letters);
}
