import path from 'node:path';
import type { DatabaseRepair } from '../../adapters/sqlite/repair';
import type { SalvagedTable } from '../../adapters/sqlite/salvage';
import { inspectBackends } from '../../backends';
import { SelvageError } from '../../errors';
import { projectFolder } from '../../node/project-folder';
import { findDamaged, setAside, type SetAside } from '../../records/retention';
import { withBackends } from '../location/records';
import { EXIT } from '../output/exit-codes';
import { formatTable, plural } from '../output/format';
import type { Output } from '../output/output';
import type { ServerOptions } from '../options/server-options';
import { endLostRuns, repairProject, type ProjectRepair } from './repair-project';

const SHOWN = 20;

interface Report extends Omit<ProjectRepair, 'lostCluster'> {
  /** Ids of runs in flight that the server has lost. */
  readonly lostRuns: readonly string[];
  readonly values: readonly SetAside[];
  /** Why not all values and runs were checked: a missing key, or an unreachable store. */
  readonly unreadable?: { readonly code: string; readonly message: string };
}

export async function repair(options: ServerOptions, output: Output): Promise<number> {
  const projectDir = projectFolder(options.projectDir);
  const { lostCluster, ...files } = await repairProject({
    projectDir,
    log: (message) => output.warn(message),
  });
  let report: Report = { ...files, lostRuns: [], values: [] };
  try {
    if (lostCluster !== undefined)
      report = { ...report, lostRuns: await endLostRuns({ projectDir }, lostCluster) };
    report = { ...report, values: await setDamagedAside(projectDir, output) };
  } catch (error) {
    // A later error does not keep earlier repairs from being reported.
    if (!SelvageError.is(error)) throw error;
    report = { ...report, unreadable: { code: error.code, message: error.message } };
  }
  const { unreadable } = report;
  if (output.json) output.document({ ok: unreadable === undefined, projectDir, ...report });
  else output.say(describe(report, projectDir));
  if (unreadable)
    output.warn(
      `${output.yellow('warning')} Not all values were looked at. ${unreadable.code}: ${unreadable.message}`,
    );
  return unreadable === undefined ? EXIT.ok : EXIT.runFailed;
}

/** Moves damaged values away, so that they are made again when needed. */
async function setDamagedAside(projectDir: string, output: Output): Promise<SetAside[]> {
  const reports = await inspectBackends({ projectDir });
  if (!reports.every(({ state, technology }) => state === 'current' && technology !== 'memory')) return [];
  return await withBackends({ projectDir }, async ({ dataStore }) => {
    output.warn('Reading the values of the data store');
    const { damaged } = await findDamaged(dataStore);
    const folder = path.join(projectDir, '.selvage', 'damaged-values');
    const values: SetAside[] = [];
    for (const hash of damaged) {
      const aside = await setAside(dataStore, hash, folder);
      if (aside) values.push(aside);
    }
    return values;
  });
}

function describe({ leftovers, backends, temporal, lostRuns, values }: Report, projectDir: string): string {
  const databases = [...backends, temporal];
  const lines = [
    ...leftovers.map(
      ({ file, problem, movedTo }) =>
        `${movedTo ? `Moved ${file} to ${movedTo}` : `Removed ${file}`}: ${problem}.`,
    ),
    ...databases.flatMap(describeDatabase),
  ];
  if (values.length > 0) {
    lines.push(
      `${plural(values.length, 'value')} set aside, because the bytes do not have the hash. \`selvage resume RUN\` and reuse make them again:`,
      ...shown(
        values,
        ({ hash, movedTo }) => `  ${hash}${movedTo ? `, kept as ${movedTo}` : ', sealed: removed'}`,
      ),
    );
  }
  if (lostRuns.length > 0) {
    lines.push(
      '',
      `Lost in Temporal: ${plural(lostRuns.length, 'run')} in flight, now marked as terminated. What they have committed is in the run ` +
        'history (`selvage lineage --run RUN`), and `selvage resume RUN` goes on from there:',
      ...shown(lostRuns, (runId) => `  ${runId}`),
    );
  }
  const isSound =
    leftovers.length === 0 &&
    values.length === 0 &&
    databases.every(({ state }) => state === 'absent' || state === 'sound');
  if (isSound) lines.push(`Nothing to repair in ${path.join(projectDir, '.selvage')}.`);
  return lines.join('\n');
}

function describeDatabase({ file, state, problems, movedTo, tables = [] }: DatabaseRepair): string[] {
  if (state === 'absent') return [];
  if (state === 'sound') return [`Sound: ${file}`];
  return [
    state === 'repaired'
      ? `Repaired ${file}; the damaged file is kept as ${movedTo}`
      : `Moved ${file} to ${movedTo}; the next command makes a new one`,
    ...shown(problems, (line) => `  was wrong: ${line}`),
    ...(state === 'repaired' ? describeTables(tables) : []),
  ];
}

function describeTables(tables: readonly SalvagedTable[]): string[] {
  const losers = tables.filter(({ lost }) => lost !== 0);
  const rows = tables.filter(({ lost }) => lost === 0).reduce((sum, { kept }) => sum + kept, 0);
  const whole = `  ${plural(rows, 'row')} of ${plural(tables.length - losers.length, 'table')} are all kept`;
  if (losers.length === 0) return [whole];
  const table = formatTable(
    ['   table', 'kept', 'lost'],
    losers.map(({ table: name, kept, lost }) => [`   ${name}`, String(kept), String(lost ?? 'not known')]),
  );
  return [whole, ...table.split('\n')];
}

function shown<T>(items: readonly T[], describeItem: (item: T) => string): string[] {
  const more = items.length - SHOWN;
  return [...items.slice(0, SHOWN).map(describeItem), ...(more > 0 ? [`    and ${more} more`] : [])];
}
