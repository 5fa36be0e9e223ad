import type { Backends, RunHistory, RunRecord } from '../protocols';
import { SelvageError } from '../errors';
import { Digests, type ValueDigest } from './digests';
import type { Encryption } from './encryption';
import { requireKeysOf } from './key-marks';
import { SealedDataStore } from './sealed-data-store';
import { currentScope } from './run-scope';

/** Backends whose data store seals. */
interface SealedBackends extends Backends {
  readonly encryption: Encryption;
  readonly dataStore: SealedDataStore;
}

/** With what these backends seal their values; undefined where they do not. */
export function encryptionOf(backends: Backends): Encryption | undefined {
  return (backends as Partial<SealedBackends>).encryption;
}

/** What is hashed with where these backends are: with no keys where they do not seal. */
export function digestsOf(backends: Backends): Digests {
  return encryptionOf(backends)?.digests ?? Digests.none;
}

/** What new runs hash their values with. */
export function digestOf(backends: Backends): ValueDigest {
  return digestsOf(backends).current;
}

/** What a run on record hashes its values with. @throws SelvageError `KeyMissing` */
export function digestForRun(backends: Backends, run: Pick<RunRecord, 'environment'>): ValueDigest {
  return digestsOf(backends).byTag(digestTagOf(run));
}

/** The tag of the digest key that a run hashes its values with, by its record; undefined: it has none. */
export function digestTagOf({ environment }: Pick<RunRecord, 'environment'>): string | undefined {
  return (environment as { digest_key?: string }).digest_key;
}

/**
 * The same backends with values that are sealed before they are stored, in the same transaction with the records as before. Backends that
 * seal already are answered as they are. `close` closes them and the keys of subjects.
 */
export function sealBackends(backends: Backends, encryption: Encryption): Backends {
  if (encryptionOf(backends)) return backends;
  const { tapestryStore, runHistory, leaseTable } = backends;
  const dataStore = new SealedDataStore({
    store: backends.dataStore,
    ...encryption,
    subjectsOf: (hash) => subjectsOf(runHistory, hash),
  });
  const sealed: SealedBackends = {
    tapestryStore,
    runHistory,
    leaseTable,
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

/**
 * Refuses to work with a data store whose values are sealed with keys that this process lacks. Where it cannot be reached now, its absence
 * shows later.
 *
 * @throws SelvageError `KeyMissing`, `InvalidKey`
 */
export async function requireReadable(backends: Backends): Promise<void> {
  const { dataStore } = backends;
  try {
    if (dataStore instanceof SealedDataStore) await dataStore.requireKeys();
    else await requireKeysOf(dataStore, []);
  } catch (error) {
    if (!SelvageError.is(error, 'BackendUnavailable')) throw error;
  }
}

/** For whom a run works, by its record. */
export function subjectOf({ environment }: Pick<RunRecord, 'environment'>): string | undefined {
  return (environment as { subject?: string }).subject;
}

/** Subjects of the runs on record that have a value with this hash. */
async function subjectsOf(runHistory: RunHistory, hash: string): Promise<string[]> {
  const runs = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await runHistory.findLineage({
      outputHash: hash,
      limit: 1_000,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { temporal_run_id } of page.items) runs.add(temporal_run_id);
    cursor = page.cursor;
  } while (cursor !== undefined);
  const subjects = new Set<string>();
  for (const run of runs) {
    const record = await runHistory.getRunByTemporalId(run);
    const subject = record && subjectOf(record);
    if (subject !== undefined) subjects.add(subject);
  }
  return [...subjects];
}
