import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { BenchmarkOptions, Row } from './benchmark';

const RESULTS = path.join(__dirname, 'results');

/** The rows as an aligned table. */
export function table(rows: readonly Row[]): string {
  const header = ['measure', 'target', 'measured', ''];
  const cells = rows.map((row) => [row.measure, row.target ?? '-', row.measured, verdict(row)]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...cells].map((line) => line[column]!.length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function verdict({ isMet }: Row): string {
  if (isMet === undefined) return '';
  return isMet ? 'ok' : 'MISSED';
}

/** Writes the rows and the machine they were measured on to a new file, and answers its path. */
export function writeResults(rows: readonly Row[], options: BenchmarkOptions): string {
  mkdirSync(RESULTS, { recursive: true });
  const takenAt = new Date();
  const file = path.join(RESULTS, `${takenAt.toISOString().replaceAll(':', '-')}.json`);
  const machine = {
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    memoryBytes: totalmem(),
  };
  writeFileSync(
    file,
    `${JSON.stringify({ takenAt: takenAt.toISOString(), machine, ...options, rows }, undefined, 2)}\n`,
  );
  return path.relative(process.cwd(), file);
}
