import path from 'node:path';
import { projectFolder } from '../../project-folder';
import type { DatabaseRepair, ProjectRepair, SalvagedTable, TemporalRepair } from '../../repair';
import { EXIT } from '../exit-codes';
import { formatTable, plural } from '../format';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { ServerOptions } from '../server-options';

const SHOWN = 20;

/** `selvage doctor --repair`. */
export async function repair(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  const { repairProject } = late.repair();
  const report = await repairProject({ projectDir, log: (message) => output.warn(message) });
  const isWell = report.temporal.trial === undefined || report.temporal.trial === 'served';
  if (output.json) output.document({ ok: isWell, projectDir, ...report });
  else output.say(describe(report, projectDir));
  return isWell ? EXIT.ok : EXIT.runFailed;
}

function describe(report: ProjectRepair, projectDir: string): string {
  const { leftovers, backends, temporal, lostRuns } = report;
  const isSound =
    leftovers.length === 0 &&
    [...backends, temporal].every(({ state }) => state === 'absent' || state === 'sound');
  const lines = [
    ...leftovers.map(
      ({ file, found, keptAs }) => `${keptAs ? `Moved ${file} to ${keptAs}` : `Removed ${file}`}: ${found}.`,
    ),
    ...backends.flatMap(describeDatabase),
    ...describeDatabase(temporal),
    ...describeTrial(temporal),
  ];
  if (lostRuns.length > 0) {
    lines.push(
      '',
      `Lost in Temporal: ${plural(lostRuns.length, 'run')} in flight. What they have committed is in the run ` +
        'history (`selvage lineage --run RUN`), and they can be taken up from there with `selvage resume RUN`:',
      ...shown(lostRuns, ({ runId, reason }) => `  ${runId}: ${reason}`),
    );
  }
  if (isSound) lines.push(`Nothing to repair in ${path.join(projectDir, '.selvage')}.`);
  return lines.join('\n');
}

function describeDatabase(database: DatabaseRepair): string[] {
  const {
    file,
    state,
    found,
    keptAs,
    tables = [],
    withoutSchema,
    droppedValues = [],
    missingValues = [],
  } = database;
  if (state === 'absent') return [];
  if (state === 'sound') return [`Sound: ${file}`];
  const lines = [
    state === 'repaired'
      ? `Repaired ${file}; the damaged file is kept as ${keptAs}`
      : `Nothing can be done with ${file}; it was moved to ${keptAs}, and the next command makes a new one`,
    ...shown(found, (line) => `  was wrong: ${line}`),
  ];
  if (withoutSchema) lines.push('  the file did not tell its tables; rows were told by their form');
  lines.push(...describeTables(tables));
  if (droppedValues.length > 0) {
    lines.push(
      `  ${plural(droppedValues.length, 'value')} dropped, because the bytes do not have the hash:`,
      ...shown(droppedValues, (hash) => `    ${hash}`),
    );
  }
  if (missingValues.length > 0) {
    lines.push(
      `  ${plural(missingValues.length, 'record')} without the value that the knot made; \`selvage resume RUN\` runs such knots again:`,
      ...shown(missingValues, ({ run, knot, hash }) => `    ${run}: ${knot} (${hash})`),
    );
  }
  return lines;
}

function describeTables(tables: readonly SalvagedTable[]): string[] {
  const losers = tables.filter(({ lost, isExact }) => lost > 0 || !isExact);
  const rows = tables.filter((table) => !losers.includes(table)).reduce((sum, { kept }) => sum + kept, 0);
  const whole = `  ${plural(rows, 'row')} of ${plural(tables.length - losers.length, 'table')} are all kept`;
  if (losers.length === 0) return [whole];
  const table = formatTable(['   table', 'kept', 'lost'], losers.map(describeTable));
  return [whole, ...table.split('\n')];
}

function describeTable({ table, kept, lost, isExact }: SalvagedTable): string[] {
  return [`   ${table}`, String(kept), isExact ? String(lost) : lost > 0 ? `${lost} or more` : 'not known'];
}

function describeTrial({ trial, goOn = [], state }: TemporalRepair): string[] {
  if (trial === undefined) return [];
  if (trial !== 'served') return [`The embedded server could not be tried on it: ${trial}`];
  const what = state === 'repaired' ? 'repaired database' : 'database';
  return [
    `The embedded server serves on the ${what}. ` +
      (goOn.length === 0
        ? 'No run was in flight that goes on.'
        : `${plural(goOn.length, 'run')} in flight can go on as soon as a worker runs.`),
  ];
}

function shown<T>(items: readonly T[], describeItem: (item: T) => string): string[] {
  const more = items.length - SHOWN;
  return [...items.slice(0, SHOWN).map(describeItem), ...(more > 0 ? [`    and ${more} more`] : [])];
}
