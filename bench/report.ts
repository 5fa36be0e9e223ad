import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { Row } from './benchmark';

const RESULTS = path.join(__dirname, 'results');

/** The rows as an aligned table. */
export function table(rows: readonly Row[]): string {
  const header = ['measure', 'target', 'measured', ''];
  return aligned(
    header,
    rows.map((row) => [row.measure, row.target ?? '-', row.measured, verdict(row)]),
  );
}

/** Lines of as many cells as the header has. */
export function aligned(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...lines].map((line) => line[column]!.length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...lines.map(line)].join('\n');
}

function verdict({ isMet, isSkipped }: Row): string {
  if (isSkipped) return 'SKIPPED';
  if (isMet === undefined) return '';
  return isMet ? 'ok' : 'MISSED';
}

/** Writes what was measured, and the machine it was measured on, to a new file, and answers its path. */
export function writeResults(kind: 'bench' | 'soak', results: object): string {
  mkdirSync(RESULTS, { recursive: true });
  const takenAt = new Date().toISOString();
  const file = path.join(RESULTS, `${kind}-${takenAt.replaceAll(':', '-')}.json`);
  const machine = {
    node: process.version,
    platform: process.platform,
    architecture: process.arch,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    memoryBytes: totalmem(),
  };
  writeFileSync(file, `${JSON.stringify({ takenAt, machine, ...results }, undefined, 2)}\n`);
  return path.relative(process.cwd(), file);
}
