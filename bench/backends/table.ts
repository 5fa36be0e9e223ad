/**
 * Program: `node --require tsx/cjs bench/backends/table.ts [RESULTS.json]` prints the rows of the table of measured figures in
 * docs/choosing-backends.md from what `npm run bench -- backends` has written (default: the newest).
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from '../benchmark';

interface Results {
  readonly takenAt: string;
  readonly repetitions: number;
  readonly machine: { readonly node: string; readonly cpus: number; readonly cpu?: string };
  readonly rows: readonly Row[];
}

const RESULTS = path.join(__dirname, '../results');

function newest(): string {
  const names = readdirSync(RESULTS).filter((name) => name.startsWith('bench-'));
  const last = names.sort().at(-1);
  if (last === undefined) throw new Error('There are no results: run `npm run bench -- backends` first.');
  return path.join(RESULTS, last);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function lineOf({ measure, target = '', measured, isMet, isSkipped }: Row): string {
  const verdict = isSkipped ? 'not measured' : isMet === undefined ? '' : isMet ? 'met' : 'missed';
  return `| ${[measure, target, measured, verdict].map(cell).join(' | ')} |`;
}

const file = process.argv[2] ?? newest();
const { takenAt, repetitions, machine, rows } = JSON.parse(readFileSync(file, 'utf8')) as Results;
process.stdout.write(
  [
    `Taken ${takenAt.slice(0, 10)}, ${machine.cpus} cores, Node ${machine.node}, ${repetitions} repetitions.`,
    '',
    '| measure | target | measured | |',
    '| --- | --- | --- | --- |',
    ...rows.map(lineOf),
    '',
  ].join('\n'),
);
