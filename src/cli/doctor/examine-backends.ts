import { clockTrouble, createInMemoryBackends, describeStepBack, type BackendReport } from '../../backends';
import { SelvageError, isOfClass } from '../../errors';
import { encryptionFromEnvironment, type Digests } from '../../encryption';
import { readEmitters } from '../../deliveries';
import type { Backends, DataStore } from '../../ports';
import { findDamaged, type DamagedValues } from '../../records/retention';
import { inspectEmbeddedServer } from '../../server';
import { withBackends } from '../location/records';
import { nameSome, plural } from '../output/format';
import { about, type Finding } from './finding';

/** Technologies of run histories that several processes can open. */
const SHARED: readonly string[] = ['sqlite', 'postgres'];

const BACKEND_NAMES = {
  store: 'tapestry store',
  history: 'run history',
  data: 'data store',
  largeData: 'data store of large values',
  ledger: 'start ledger',
} as const;
const STATES = {
  absent: 'made at the first use',
  old: 'tables of an older version, brought up to date at the next use',
  current: 'writable, tables up to date',
} as const;
const WITH_TABLES: ReadonlySet<string> = new Set(['sqlite', 'duckdb', 'postgres']);

export async function examineBackends(inspected: Promise<BackendReport[]>): Promise<Finding[]> {
  const subject = 'Backends';
  let reports: BackendReport[];
  try {
    reports = await inspected;
  } catch (error) {
    return [{ subject, status: 'error', message: (error as Error).message }];
  }
  return reports.map((report) => ({ subject, ...judge(report) }));
}

function judge(report: BackendReport): Omit<Finding, 'subject'> {
  const { backends, technology, shown, variable, state, threats, error } = report;
  const names = backends.map((backend) => BACKEND_NAMES[backend]).join(', ');
  const where = `${names}: ${technology}${technology === 'memory' ? '' : ` ${shown}`}${variable ? ` (${variable})` : ''}`;
  if (threats !== undefined) return { status: 'warning', message: `${where}: ${threats.join(' ')}` };
  if (state === undefined) {
    // As usual while a worker has it open.
    const status = SelvageError.is(error, 'RunHistoryInUse') ? 'warning' : 'error';
    return { status, message: `${where}: ${(error as Error).message}` };
  }
  if (technology === 'memory') return { status: 'ok', message: `${where}: gone when the process ends` };
  const found = state === 'current' && !WITH_TABLES.has(technology) ? 'can be used' : STATES[state];
  return { status: 'ok', message: `${where}: ${found}` };
}

/** Finds whether values are sealed, by which keys, and whether the stored ones can be opened. */
export async function examineEncryption(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  const subject = 'Encryption';
  try {
    const encryption = encryptionFromEnvironment({ projectDir });
    const isThere = (await inspected).every(({ state }) => state === 'current');
    if (isThere) await withBackends({ projectDir }, async () => {});
    if (!encryption) return [{ subject, status: 'ok', message: 'none: values are stored as they are' }];
    const [current, ...older] = encryption.keyring.ids;
    const payloads = encryption.payloads ? 'values and payloads are' : 'values are';
    const others = older.length > 0 ? `, opened also with ${older.join(', ')}` : '';
    const message =
      `${payloads} sealed with the key ${current}${others}; ${hashedWith(encryption.digests)}; ` +
      `keys of subjects: ${encryption.subjects.technology}`;
    return [{ subject, status: 'ok', message }];
  } catch (error) {
    // Errors that concern no key are reported with the backends.
    if (!isOfClass(error, 'key')) return [];
    return [{ subject, status: 'error', message: `${error.code}: ${error.message}` }];
  }
}

/** Describes digest keys, with the tags that error messages use. */
function hashedWith({ all }: Digests): string {
  const [current, ...others] = all.map(({ id, tag }) => (tag === undefined ? 'none' : `${id} (${tag})`));
  return `digest key of new runs: ${current}${others.length > 0 ? `, of others: ${others.join(', ')}` : ''}`;
}

/** Examines the run history's clock, and whether a worker has noticed a step back in its time. */
export async function examineHistory(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  try {
    const place = (await inspected).find(({ backends }) => backends.includes('history'));
    if (!place || !SHARED.includes(place.technology) || place.state !== 'current') return [];
    // Reads no values: needs neither their keys nor their store.
    return await withBackends({ projectDir, encryption: false, openLate: true }, async (backends) => {
      const { runHistory } = backends;
      const trouble = await clockTrouble(runHistory);
      const { ok, warning } = about('Clock');
      const clock = trouble
        ? warning(`${trouble.code}: ${trouble.message}`)
        : ok('not behind the newest run');
      const [newest] = (await runHistory.stepsBack?.()) ?? [];
      return [
        clock,
        ...(newest ? [about('Run history').warning(describeStepBack(newest))] : []),
        ...(await examineEmitters(backends)),
      ];
    });
  } catch {
    // `examineBackends` reports why they cannot be opened.
    return [];
  }
}

async function examineEmitters(backends: Backends): Promise<Finding[]> {
  const subject = 'Emitters';
  const emitters = await readEmitters(backends);
  const bad = emitters.filter(
    ({ state, lag, deadLetters }) =>
      state === 'failing' ||
      state === 'disabled' ||
      deadLetters > 0 ||
      (state === 'unassigned' && lag.changes > 0),
  );
  if (emitters.length === 0) return [];
  if (bad.length === 0) return [{ subject, status: 'ok', message: `${emitters.length} have heard of all` }];
  const found = bad.map(({ name, state, lag, lastError, deadLetters }) => {
    const behind = lag.changes === 0 ? '' : `, ${lag.changes}${lag.atLeast ? ' or more' : ''} changes behind`;
    const dead = deadLetters === 0 ? '' : `, ${deadLetters} dead letters`;
    return `${name}: ${state}${behind}${dead}${lastError === null ? '' : ` (${lastError})`}`;
  });
  const fix =
    'Run `selvage emitters list`. What nobody delivers any more is removed by `selvage emitters remove NAME`.';
  return [{ subject, status: 'warning', message: found.join('; '), fix }];
}

const VALUES_WITHIN_MS = 5_000;

export async function examineValues(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  try {
    if (!(await inspected).every(({ state, technology }) => state === 'current' && technology !== 'memory'))
      return [];
    return await withBackends({ projectDir }, async ({ dataStore }) => [await examineValuesIn(dataStore)]);
  } catch {
    // `examineBackends` reports why they cannot be opened.
    return [];
  }
}

async function examineValuesIn(dataStore: DataStore): Promise<Finding> {
  const { ok, warning, error: damage } = about('Values');
  let found: DamagedValues;
  try {
    found = await findDamaged(dataStore, VALUES_WITHIN_MS);
  } catch (error) {
    return warning(`could not be looked at: ${(error as Error).message}`);
  }
  const { looked, damaged, withoutRows, isAll } = found;
  const unfinished = isAll ? '' : `; the others were not looked at, for want of time`;
  if (damaged.length + withoutRows.length === 0)
    return (isAll ? ok : warning)(`${plural(looked, 'value')} sound${unfinished}`);
  return damage(
    [
      damaged.length > 0 &&
        `${damaged.length} of ${plural(looked, 'value')} damaged: ${nameSome(damaged, damaged.length)}`,
      withoutRows.length > 0 &&
        `the rows of ${plural(withoutRows.length, 'table')} are missing: ${nameSome(withoutRows, withoutRows.length)}`,
    ]
      .filter(Boolean)
      .join('; ') + unfinished,
    'Reuse and `selvage resume` make them again. `selvage doctor --repair` sets damaged ones aside, and `selvage lineage HASH` says who made them.',
  );
}

/** Runs on the project's own server without a record, because their run history was deleted or replaced. */
export async function examineRuns(
  projectDir: string,
  inspected: Promise<BackendReport[]>,
): Promise<Finding[]> {
  try {
    const { phase, address } = inspectEmbeddedServer(projectDir);
    const history = (await inspected).find(({ backends }) => backends.includes('history'));
    if (phase !== 'running' || address === undefined || !history) return [];
    const identity =
      history.state === 'absent'
        ? undefined
        : await withBackends({ projectDir, encryption: false, openLate: true }, ({ runHistory }) =>
            runHistory.identity(),
          );
    const runs = await runsOfOthers(address, identity);
    if (runs.length === 0) return [];
    return [
      about('Runs').error(
        `${plural(runs.length, 'run')} on the server, not in the run history: ${nameSome(runs.slice(0, 5), runs.length)}`,
        'Their run history was deleted or replaced, so that they wait for ever. Put it back, or end them: `selvage runs terminate RUN`.',
      ),
    ];
  } catch {
    // Other findings report a server or a history that cannot be used.
    return [];
  }
}

async function runsOfOthers(address: string, identity: string | undefined): Promise<string[]> {
  const { Selvage } = await import('../../client/index.js');
  const { runningWorkflows } = await import('../../connection/running-workflows.js');
  const { isOfOtherHistory } = await import('../../connection/unbegun-run.js');
  const selvage = await Selvage.connect({ address, backends: createInMemoryBackends() });
  const runs: string[] = [];
  try {
    for await (const { workflowId, readMemo } of runningWorkflows(selvage.client.workflow)) {
      const memo = await readMemo();
      if (memo && !('temporalRunId' in memo) && isOfOtherHistory(memo, identity)) runs.push(workflowId);
    }
  } finally {
    await selvage.close();
  }
  return runs;
}
