import { subjectOf } from '../../encryption/seal-backends';
import { withSubject } from '../../encryption/run-scope';
import { isOfClass } from '../../errors';
import type { RunRecord } from '../../ports';
import type { Json } from '../../values';
import { inParallel } from '../../values/in-parallel';
import { opensValues, type Surroundings } from '../surroundings';
import { readBytes } from '../values/read-bytes';

/** Larger values are left out of lists. */
const MOST_BYTES = 2_048;
/** Parameters of one run in a list. */
const MOST_PARAMETERS = 20;
/** All values of one list together; what is beyond is left out. */
const MOST_BYTES_IN_ALL = 512 * 1024;
const READS_AT_ONCE = 20;

/**
 * The small parameters of each run, by name. Undefined for callers that do not see every value in full: a value may be
 * a secret by any of the names that it has in the run.
 *
 * @throws SelvageError `BackendUnavailable`
 */
export async function parametersOfRuns(
  { backends, caller }: Surroundings,
  runs: readonly RunRecord[],
): Promise<(Readonly<Record<string, Json>> | undefined)[]> {
  if (!opensValues(caller) || !caller.maySeeSecrets) return runs.map(() => undefined);
  const found = new Map<string, Json>();
  const keyOf = (run: RunRecord, hash: string): string => JSON.stringify([subjectOf(run), hash]);
  const wanted = new Map(
    runs.flatMap((run) => firstHashes(run).map(([, hash]) => [keyOf(run, hash), { run, hash }] as const)),
  );
  let bytes = 0;
  await inParallel(wanted, READS_AT_ONCE, async ([key, { run, hash }]) => {
    if (bytes > MOST_BYTES_IN_ALL) return;
    const read = await withSubject(subjectOf(run), () => smallJson(backends.dataStore, hash));
    if (!read) return;
    bytes += read.size;
    found.set(key, read.json);
  });
  return runs.map((run) => {
    const named = firstHashes(run).flatMap(([name, hash]) => {
      const value = found.get(keyOf(run, hash));
      return value === undefined ? [] : [[name, value] as const];
    });
    // Assignment would fail for a name such as `__proto__`.
    return Object.fromEntries(named);
  });
}

function firstHashes(run: RunRecord): [name: string, hash: string][] {
  return Object.entries(run.parameter_hashes).slice(0, MOST_PARAMETERS);
}

/** Undefined for a value that is large, no JSON, gone, or of a subject without a key. */
async function smallJson(
  dataStore: Surroundings['backends']['dataStore'],
  hash: string,
): Promise<{ readonly json: Json; readonly size: number } | undefined> {
  if (!hash.startsWith('sha256:')) return undefined;
  try {
    const read = await readBytes(dataStore, hash, MOST_BYTES);
    if (!read || read.isCut) return undefined;
    return {
      json: JSON.parse(Buffer.from(read.bytes).toString('utf8')) as Json,
      size: read.bytes.byteLength,
    };
  } catch (error) {
    if (isOfClass(error, 'backend')) throw error;
    // The page of the value says why it cannot be shown.
    return undefined;
  }
}
