import { marksOf } from '../../visualisation/marks';
import type { Tone } from './ui/tones';

/** Meanings of the letters of a grid's cells. */
export const CELLS: Readonly<Record<string, { readonly tone: Tone; readonly word: string }>> = {
  o: { tone: 'ok', word: 'ok' },
  h: { tone: 'reused', word: 'reused' },
  e: { tone: 'err', word: 'failed' },
  s: { tone: 'skipped', word: 'skipped' },
  r: { tone: 'running', word: 'running or waiting' },
  w: { tone: 'waiting', word: 'waits for a signal' },
  ' ': { tone: 'none', word: 'not run' },
};

interface CellMark {
  readonly attempt?: number;
  readonly elements?: { readonly count: number; readonly failed: number };
  readonly signal?: string;
}

/** The words of a cell with its marks, such as `ok, ×3` or `waits for approve`. */
export function cellWords(cell: string, mark: CellMark | undefined): string {
  const { word } = CELLS[cell] ?? CELLS[' ']!;
  if (!mark) return word;
  const { attempt = 1, elements, signal } = mark;
  const isOpen = signal !== undefined;
  const times = { scheduledAt: 0, startedAt: 0, finishedAt: 0 };
  const { word: shown, notes } = marksOf({
    ...(isOpen
      ? { waiting: { state: 'waiting', signal } }
      : { state: { outcome: cell === 'e' ? 'err' : 'ok', attempt, elements, ...times } }),
  });
  return [isOpen ? shown : word, ...notes].join(', ');
}

export interface Spot {
  readonly column: number;
  readonly row: number;
}

/** Where a key leads to, never out of the grid; undefined for keys that the grid does not handle. */
export function moved(
  { column, row }: Spot,
  key: string,
  columns: number,
  rows: number,
  page: number,
): Spot | undefined {
  const steps: Readonly<Record<string, Spot>> = {
    ArrowLeft: { column: column - 1, row },
    ArrowRight: { column: column + 1, row },
    ArrowUp: { column, row: row - 1 },
    ArrowDown: { column, row: row + 1 },
    PageUp: { column, row: row - page },
    PageDown: { column, row: row + page },
    Home: { column: 0, row },
    End: { column: columns - 1, row },
  };
  const to = Object.hasOwn(steps, key) ? steps[key] : undefined;
  return (
    to && {
      column: Math.max(0, Math.min(columns - 1, to.column)),
      row: Math.max(0, Math.min(rows - 1, to.row)),
    }
  );
}
