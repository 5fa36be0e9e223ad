import { open } from 'node:fs/promises';
import {
  InMemoryLeaseTable,
  InMemoryRunHistory,
  InMemoryStartLedger,
  InMemoryTapestryStore,
} from '../adapters/memory';
import { SelvageError } from '../errors';
import { nodeSha256 } from '../node/node-sha256';
import type { Backends, DataStore, LineageRecord, RunHistory, RunRecord, TapestryStore } from '../ports';
import { isSealedName } from '../ports/parts/content-hash';
import { encryptionFromEnvironment } from '../encryption/encryption';
import { PLAIN_DIGEST, type Digests } from '../encryption/digests';
import { digestTagOf } from '../encryption/seal-backends';
import { CapsuleDataStore, readOnly, type CapsuleDigests } from './data-store';
import { damaged, unpackCapsule, type AbsentValue, type CapsuleContent } from './format';
import { valuesOf } from './value-collection';

const MAX_FILE_BYTES = 512 * 1024 * 1024;

export interface ReadCapsuleOptions {
  /** Keys of hashes, by which values are checked as well; if omitted, those of the environment. */
  readonly digests?: Digests;
}

/** A run in one file, opened for reading. */
export interface Capsule {
  /** The file's path, or the given name. */
  readonly file: string;
  /** The captured run. */
  readonly run: RunRecord;
  /** The captured run, and the runs that its knots started. */
  readonly runs: readonly RunRecord[];
  /** Hash of all data, which covers values and plans by their hashes; undefined for format 1. */
  readonly fingerprint: string | undefined;
  /** Values that records name and the file lacks, each with the reason. */
  readonly absent: readonly AbsentValue[];
  /** The redactions, as the writer gave them. */
  readonly redacted: readonly string[];
  /** When the capsule was made, in milliseconds since the epoch. */
  readonly madeAt: number;
  readonly madeBy: { readonly selvage: string; readonly node: string; readonly platform: string };
  /** The capsule's plans, records and values as backends; writes fail (`RunHistoryReadOnly`). */
  readonly backends: Backends;
  /** Checks all values against the hashes that records name. @throws SelvageError `ValueDamaged` */
  check(): CapsuleCheck;
}

export interface CapsuleCheck {
  /** Number of records. */
  readonly records: number;
  /** Number of intact values. */
  readonly intact: number;
  /** Number of named values that the file lacks, in whole or in part. */
  readonly leftOut: number;
  /** Number of values with hashes by an unavailable digest key. */
  readonly unchecked: number;
}

/**
 * Opens a capsule, without running any of its code.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`, `CapsuleDamaged`, `CapsuleTooNew`, `CapsuleTooLarge`
 */
export async function readCapsule(file: string, options: ReadCapsuleOptions = {}): Promise<Capsule> {
  return await openCapsule(await readText(file), { file, ...options });
}

/** Like {@link readCapsule}, for the text of a capsule. */
export async function openCapsule(
  text: string,
  { file = 'The capsule', digests }: ReadCapsuleOptions & { readonly file?: string } = {},
): Promise<Capsule> {
  return await capsuleOf(unpackCapsule(text, file), file, digests);
}

/** @internal */
export async function capsuleOf(
  content: CapsuleContent & { readonly fingerprint?: string | undefined },
  file: string,
  digests?: Digests,
): Promise<Capsule> {
  const { runs, records, plans, absent, redacted, madeAt, madeBy, fingerprint } = content;
  const run = runs.find(({ temporal_run_id }) => temporal_run_id === content.run);
  if (!run) throw damaged(file, 'it does not have the run that it says it was made of');
  requireConsistent(content, file);
  const tapestryStore = new InMemoryTapestryStore();
  for (const plan of plans) await tapestryStore.save(plan);
  const runHistory = new InMemoryRunHistory();
  for (const one of runs) await runHistory.startRun(one);
  await runHistory.commit(records);
  const dataStore = new CapsuleDataStore(content, file, digestsFor(runs, digests));
  return {
    file,
    run,
    runs,
    fingerprint,
    absent,
    redacted,
    madeAt,
    madeBy,
    backends: readOnlyBackends({ tapestryStore, runHistory, dataStore }, file),
    check: () => ({ records: records.length, leftOut: absent.length, ...dataStore.checkAll() }),
  };
}

/**
 * Checks that the parts of a capsule belong together. Each record needs its run, each plan its hash and a run. Each
 * value that a record names needs its bytes, or the reason for their absence.
 *
 * @throws SelvageError `CapsuleDamaged`
 */
function requireConsistent(content: CapsuleContent, file: string): void {
  const { runs, records, plans, values, absent } = content;
  const recordsOf = new Map(runs.map(({ temporal_run_id: id }): [string, LineageRecord[]] => [id, []]));
  for (const record of records) {
    const { temporal_run_id: id, knot_id: knot } = record;
    const ofRun = recordsOf.get(id);
    if (!ofRun) throw damaged(file, `its record of knot "${knot}" is of none of its runs`);
    ofRun.push(record);
  }
  const planned = new Set(runs.map(({ plan_hash }) => plan_hash));
  for (const { hash, text } of plans) {
    if (hash !== `sha256:${nodeSha256(text)}`) throw damaged(file, `its plan ${hash} is another one`);
    if (!planned.has(hash)) throw damaged(file, `its plan ${hash} is of none of its runs`);
  }
  const entries = [...values, ...absent].map(({ hash }) => hash);
  requireDifferent(
    {
      run: runs.map(({ temporal_run_id: id }) => id),
      record: records.map(({ temporal_run_id: id, knot_id: knot }) => `${id} ${knot}`),
      plan: plans.map(({ hash }) => hash),
      value: entries,
    },
    file,
  );
  const known = new Set(entries);
  for (const run of runs)
    for (const { hash } of valuesOf(run, recordsOf.get(run.temporal_run_id)!))
      if (!isSealedName(hash) && !known.has(hash))
        throw damaged(
          file,
          `it has neither the value ${hash}, which a record names, nor why it was left out`,
        );
}

function requireDifferent(names: Readonly<Record<string, readonly string[]>>, file: string): void {
  for (const [what, all] of Object.entries(names)) {
    const met = new Set<string>();
    for (const name of all) {
      if (met.has(name)) throw damaged(file, `it has the ${what} ${name} twice`);
      met.add(name);
    }
  }
}

function digestsFor(runs: readonly RunRecord[], given: Digests | undefined): CapsuleDigests {
  const tags = [...new Set(runs.map(digestTagOf))].filter((tag) => tag !== undefined);
  const digests = tags.length > 0 ? (given ?? encryptionFromEnvironment()?.digests) : undefined;
  const keyed = tags.flatMap((tag) => digests?.find(tag) ?? []);
  return { known: [PLAIN_DIGEST, ...keyed], areIncomplete: keyed.length < tags.length };
}

function readOnlyBackends(
  {
    tapestryStore,
    runHistory,
    dataStore,
  }: {
    readonly tapestryStore: TapestryStore;
    readonly runHistory: RunHistory;
    readonly dataStore: DataStore;
  },
  file: string,
): Backends {
  const refuse = async (): Promise<never> => {
    throw readOnly(file);
  };
  const written = ['commit', 'startRun', 'endRun', 'changeRun', 'deleteRun'] as const;
  for (const method of written) Object.defineProperty(runHistory, method, { value: refuse });
  Object.defineProperty(tapestryStore, 'save', { value: refuse });
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable: new InMemoryLeaseTable(),
    startLedger: new InMemoryStartLedger(),
    commit: refuse,
    async close() {},
  };
}

async function readText(file: string): Promise<string> {
  let handle;
  try {
    handle = await open(file, 'r');
    const stats = await handle.stat();
    if (!stats.isFile()) throw notReadable(file, 'it is not a file');
    if (stats.size > MAX_FILE_BYTES) {
      throw new SelvageError(
        'CapsuleTooLarge',
        `${file} has ${stats.size} bytes, and capsules of at most ${MAX_FILE_BYTES} are read. Make a smaller capsule of the run.`,
        { details: { file, bytes: stats.size, limit: MAX_FILE_BYTES } },
      );
    }
    return await handle.readFile('utf8');
  } catch (error) {
    if (SelvageError.is(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw notReadable(file, message, error);
    throw new SelvageError('FileNotFound', `There is no file ${file}. Check the path.`, {
      details: { file },
      cause: error,
    });
  } finally {
    await handle?.close();
  }
}

function notReadable(file: string, why: string, cause?: unknown): SelvageError {
  return new SelvageError(
    'FileNotLoadable',
    `${file} cannot be read: ${why}. Name a file that \`selvage capsule\` has made.`,
    { details: { file }, ...(cause !== undefined && { cause }) },
  );
}
