import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';

import { neverHit, type CampaignResult, type Violation } from './campaign';
import { POINTS, type Point } from './points';

const REPORTS = path.join(__dirname, '../../../reports');
const MINUTE_MS = 60_000;
const NAMED = 3;

/** One live line on a terminal; elsewhere a line for each run. */
export function progressLine(result: CampaignResult, wanted: number): void {
  const { runs, kills, violations, milliseconds } = result;
  const missed = neverHit(result);
  const names = missed.length > 0 && missed.length <= NAMED ? ` (${missed.join(', ')})` : '';
  const line =
    `${kills}/${wanted} kills in ${runs} runs, ${perMinute(result)} kills a minute, ${Math.round(milliseconds / 1000)} s, ` +
    `never hit: ${missed.length}${names}, violations: ${violations.length}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else process.stderr.write(`${line}\n`);
}

function perMinute({ kills, milliseconds }: CampaignResult): number {
  return Math.round((kills * MINUTE_MS) / Math.max(1, milliseconds));
}

/** A line for each point that is left out. */
export function leftOutLines({ leftOut }: Pick<CampaignResult, 'leftOut'>): string {
  return Object.entries(leftOut)
    .map(([point, why]) => `LEFT OUT: ${point}: ${why}\n`)
    .join('');
}

export function summary(result: CampaignResult): string {
  const { runs, kills, violations, overlaps, resumed, milliseconds, seed } = result;
  const rows = Object.entries(result.points).map(([point, { planned, landed }]) =>
    [
      point.padEnd(20),
      String(planned).padStart(8),
      String(landed).padStart(8),
      ` ${POINTS[point as Point].what}`,
    ].join(' '),
  );
  const missed = neverHit(result);
  return [
    `${'point'.padEnd(20)}  planned   landed`,
    ...rows,
    '',
    `${kills} kills in ${runs} runs, ${Math.round(milliseconds / 1000)} s (${perMinute(result)} kills a minute), seed ${seed}`,
    `runs that were cut short and resumed: ${resumed}`,
    `bodies that began while another attempt was being recorded: ${overlaps}`,
    leftOutLines(result).trimEnd(),
    ...(missed.length > 0 ? [`NEVER HIT: ${missed.join(', ')}`] : []),
    `violations: ${violations.length}`,
    ...violations.map(described),
  ].join('\n');
}

export function described({ scenario, mix, blows, problems, repeat, folder }: Violation): string {
  return [
    `\nscenario ${scenario} (${mix}; ${blows.join(', ')})`,
    ...problems.map((problem) => `  - ${problem}`),
    `  repeat it: ${repeat}`,
    `  what it left: ${folder}`,
  ].join('\n');
}

/** Writes the result to a new file, and answers its path. */
export function writeReport(result: CampaignResult): string {
  mkdirSync(REPORTS, { recursive: true });
  const takenAt = new Date().toISOString();
  const file = path.join(REPORTS, `crash-${takenAt.replaceAll(':', '-')}.json`);
  const machine = { node: process.version, platform: process.platform, cpus: cpus().length };
  writeFileSync(file, `${JSON.stringify({ takenAt, machine, ...result }, undefined, 2)}\n`);
  return path.relative(process.cwd(), file);
}
