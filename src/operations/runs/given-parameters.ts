import { subjectOf } from '../../encryption/seal-backends';
import { withSubject } from '../../encryption/run-scope';
import type { RunRecord } from '../../ports';
import type { Json } from '../../values';
import { resultsInParallel } from '../../values/in-parallel';
import { REDACTED, isSecretName, redactJson } from '../../values/redact';
import { opensValues, type Surroundings } from '../surroundings';
import { leavesSealed, readBytes } from '../values/read-bytes';

/** Larger values are left out of lists. */
const MOST_BYTES = 2_048;
const AT_ONCE = 20;

type Parameters = Readonly<Record<string, Json>>;

/** The small parameters of runs, for callers that may read values. Each value is read once. */
export async function parametersOfRuns(
  { backends, caller }: Surroundings,
  runs: readonly RunRecord[],
): Promise<(Parameters | undefined)[]> {
  if (!opensValues(caller) || leavesSealed(backends, caller)) return runs.map(() => undefined);
  const known = new Map<string, Promise<Json | undefined>>();
  const read = (run: RunRecord, hash: string): Promise<Json | undefined> => {
    const subject = subjectOf(run);
    const key = JSON.stringify([subject, hash]);
    const value = known.get(key) ?? withSubject(subject, () => smallJson(backends.dataStore, hash));
    known.set(key, value);
    return value;
  };
  return await resultsInParallel(runs, AT_ONCE, async (run) => {
    const named = await Promise.all(
      Object.entries(run.parameter_hashes).map(async ([name, hash]) => {
        const value = await read(run, hash);
        if (value === undefined || caller.maySeeSecrets) return [name, value] as const;
        return [name, isSecretName(name) ? REDACTED : redactJson(value)] as const;
      }),
    );
    // Assignment would fail for a name such as `__proto__`.
    return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Parameters;
  });
}

/** Undefined for a value that is large, no JSON, gone, or of a subject without a key. */
async function smallJson(
  dataStore: Surroundings['backends']['dataStore'],
  hash: string,
): Promise<Json | undefined> {
  if (!hash.startsWith('sha256:')) return undefined;
  try {
    const found = await readBytes(dataStore, hash, MOST_BYTES);
    return found && !found.isCut
      ? (JSON.parse(Buffer.from(found.bytes).toString('utf8')) as Json)
      : undefined;
  } catch {
    // The page of the value says why it cannot be shown.
    return undefined;
  }
}
