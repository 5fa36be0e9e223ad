import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What the processes of a scenario did, a line each, in one file. What was written when the process is killed stays written:
 * that is the kernel's by then. Times are of one clock, that of the machine.
 */
export type JournalLine = {
  readonly pid: number;
  readonly at: number;
  readonly run: string;
  readonly knot: string;
  readonly attempt: number;
} & (
  | { readonly what: 'began'; /** When the worker was given the activity. */ readonly takenAt: number }
  | { readonly what: 'ended' }
  /** The worker was given the activity of a knot whose body a body host calls, which does not know that. */
  | { readonly what: 'taken' }
  /** The record of this attempt was inserted. */
  | { readonly what: 'recorded' }
  /** The record of another attempt was there already; that attempt's number. */
  | { readonly what: 'adopted'; readonly from: number }
);

type Note = JournalLine extends infer Line
  ? Line extends JournalLine
    ? Omit<Line, 'pid' | 'at'>
    : never
  : never;

function journalFile(folder: string): string {
  return path.join(folder, 'journal.jsonl');
}

export function note(folder: string, line: Note): void {
  const full = { ...line, pid: process.pid, at: Date.now() };
  // In one write, at the end of the file: lines of several processes do not mix.
  appendFileSync(journalFile(folder), `${JSON.stringify(full)}\n`);
}

export function readJournal(folder: string): JournalLine[] {
  const file = journalFile(folder);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const all = lines.map((line) => JSON.parse(line) as JournalLine);
  const attemptOf = ({ run, knot, attempt }: JournalLine): string => `${run}/${knot}/${attempt}`;
  const taken = new Map(
    all.filter(({ what }) => what === 'taken').map((line) => [attemptOf(line), line.at] as const),
  );
  return all.map((line) =>
    line.what === 'began' ? { ...line, takenAt: taken.get(attemptOf(line)) ?? line.takenAt } : line,
  );
}
