import type { Backends, DataStore, RunHistory, RunRecord } from '../ports';
import { isOfClass } from '../errors';
import { Digests, type ValueDigest } from './digests';
import type { Encryption } from './encryption';
import { requireKeysOf } from './key-marks';
import { SealedDataStore } from './sealed-data-store';
import { currentScope } from './run-scope';
import { everyItem } from '../ports/parts/every-item';

interface SealedBackends extends Backends {
  readonly encryption: Encryption;
  readonly dataStore: SealedDataStore;
}

/** Returns undefined if these backends do not seal. */
export function encryptionOf(backends: Backends): Encryption | undefined {
  return (backends as Partial<SealedBackends>).encryption;
}

export function digestsOf(backends: Backends): Digests {
  return encryptionOf(backends)?.digests ?? Digests.none;
}

export function digestOf(backends: Backends): ValueDigest {
  return digestsOf(backends).current;
}

/** @throws SelvageError `KeyMissing` */
export function digestForRun(backends: Backends, run: Pick<RunRecord, 'details'>): ValueDigest {
  return digestsOf(backends).byTag(digestTagOf(run));
}

export function digestTagOf({ details }: Pick<RunRecord, 'details'>): string | undefined {
  return (details as { digest_key?: string }).digest_key;
}

/**
 * Seals values before they are stored, still in one transaction with their records. Backends that already seal are
 * returned unchanged. The method `close` closes the backends and the store of subjects' keys.
 */
export function sealBackends(backends: Backends, encryption: Encryption): Backends {
  if (encryptionOf(backends)) return backends;
  const { tapestryStore, runHistory, leaseTable, startLedger } = backends;
  const dataStore = new SealedDataStore({
    store: backends.dataStore,
    ...encryption,
    subjectsOf: (hash) => subjectsOf(runHistory, hash),
  });
  const sealed: SealedBackends = {
    tapestryStore,
    runHistory,
    leaseTable,
    startLedger,
    dataStore,
    encryption,
    async commit(commits) {
      const ready = commits.map(async (commit) => ({
        ...commit,
        values: await dataStore.sealed(commit.values, commit.scope ?? currentScope()),
      }));
      return await backends.commit(await Promise.all(ready));
    },
    async close() {
      try {
        await backends.close();
      } finally {
        await encryption.subjects.close();
      }
    },
  };
  return sealed;
}

/** Like {@link requireKeysOf}, but skips stores that are unreachable. A store that opens late is checked later. */
export async function requireReadable(backends: Backends): Promise<void> {
  const { dataStore } = backends;
  try {
    if (dataStore instanceof SealedDataStore) await dataStore.requireKeys();
    else await requireKeysOf(dataStore, []);
  } catch (error) {
    if (!isOfClass(error, 'backend')) throw error;
  }
}

export function unsealed(dataStore: DataStore): DataStore {
  return dataStore instanceof SealedDataStore ? dataStore.inner : dataStore;
}

export function subjectOf({ details }: Pick<RunRecord, 'details'>): string | undefined {
  return (details as { subject?: string }).subject;
}

/** Subjects of the recorded runs that have a value with this hash. */
async function subjectsOf(runHistory: RunHistory, hash: string): Promise<string[]> {
  const runs = new Set<string>();
  for await (const record of everyItem((page) => runHistory.findLineage({ outputHash: hash, ...page })))
    runs.add(record.temporal_run_id);
  const subjects = new Set<string>();
  for (const run of runs) {
    const record = await runHistory.getRunByTemporalId(run);
    const subject = record && subjectOf(record);
    if (subject !== undefined) subjects.add(subject);
  }
  return [...subjects];
}
