import { mapOfElement } from '../../authoring/element-id';
import { withSubject } from '../../encryption/run-scope';
import { subjectOf } from '../../encryption/seal-backends';
import { SelvageError } from '../../errors';
import type { Backends, LineageRecord } from '../../ports';
import { resolveHash } from '../../records/questions';
import { scrubOf } from '../../records/retention';
import { isSecretName } from '../../values/redact';
import type { ProjectData, Surroundings } from '../surroundings';
import { leavesSealed } from './read-bytes';

export interface FoundValue {
  /** The whole hash. */
  readonly hash: string;
  /** The record of the knot that made the value. */
  readonly record: LineageRecord | undefined;
  /** Whether the value's secrets are hidden from the caller. */
  readonly isRedacted: boolean;
}

/** Why a value is not shown. */
export interface NotShown {
  readonly form: 'none';
  readonly hash: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Reads a value for the caller, with the key of its run; or says why it is not shown.
 *
 * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `BackendUnavailable`
 */
export async function readFor<View>(
  { caller, ...data }: Surroundings,
  { hash: given, runId }: { readonly hash: string; readonly runId?: string | undefined },
  read: (found: FoundValue) => Promise<View>,
): Promise<View | NotShown> {
  const { runHistory } = data.backends;
  const hash = await resolveHash(runHistory, given);
  if (leavesSealed(data.backends, caller)) {
    const message = `The values of this store are sealed, and are not opened for an assistant. A person can: selvage value ${hash}`;
    return { form: 'none', hash, code: 'ValueSealed', message };
  }
  const record = await recordOf(data, hash, runId);
  const ofRun = runId ?? record?.run_id;
  const run = ofRun === undefined ? undefined : await runHistory.getRun(ofRun);
  const isRedacted = !caller.maySeeSecrets;
  const secret = isRedacted ? await secretNameOf(data, hash) : undefined;
  if (secret !== undefined) {
    const message = `It is the value of ${JSON.stringify(secret)}, a secret by its name.`;
    return { form: 'none', hash, code: 'Redacted', message };
  }
  try {
    return await withSubject(run && subjectOf(run), () => read({ hash, record, isRedacted }));
  } catch (error) {
    if (!SelvageError.is(error) || error.code === 'InvalidQuery') throw error;
    return { form: 'none', hash, code: error.code, message: error.message };
  }
}

const RECORDS = 1_000;

/** The secret-looking name of a parameter, a knot or an input with this value. */
async function secretNameOf({ backends }: ProjectData, hash: string): Promise<string | undefined> {
  const { runHistory } = backends;
  const [parameters, made, used] = await Promise.all([
    runHistory.findLineage({ outputHash: hash, definition: 'parameter', limit: RECORDS }),
    runHistory.findLineage({ outputHash: hash, limit: RECORDS }),
    runHistory.findLineage({ inputHash: hash, limit: RECORDS }),
  ]);
  const names = [
    ...[...parameters.items, ...made.items].map(({ knot_id: id }) => mapOfElement(id) ?? id),
    ...used.items.flatMap(({ parent_input_hashes: inputs }) =>
      Object.keys(inputs).filter((name) => inputs[name] === hash),
    ),
  ];
  return names.find(isSecretName);
}

/** The record of the knot that made the value, for the value's size and media type. */
async function recordOf(
  { backends }: ProjectData,
  outputHash: string,
  runId: string | undefined,
): Promise<LineageRecord | undefined> {
  const { runHistory } = backends;
  const inRun =
    runId === undefined
      ? undefined
      : (await runHistory.findLineage({ outputHash, runId, limit: 1 })).items[0];
  return inRun ?? (await runHistory.findLineage({ outputHash, limit: 1 })).items[0];
}

/** The reason why a value is not in the data store. */
export async function missingValue(
  backends: Pick<Backends, 'dataStore' | 'runHistory'>,
  hash: string,
): Promise<SelvageError> {
  const { technology } = backends.dataStore;
  const scrubbed = await scrubOf(backends, hash);
  if (scrubbed) {
    const { at, by, reason } = scrubbed;
    return new SelvageError(
      'ValueMissing',
      `The value ${hash} was scrubbed${by === null ? '' : ` by ${by}`} at ${new Date(at).toISOString()}${reason === null ? '' : ` (${reason})`}. Its lineage is ` +
        'there (`selvage why`); to make it anew, run what made it again.',
      { details: { hash, scrubbed } },
    );
  }
  if (!(await backends.runHistory.referredTo([hash])).has(hash)) {
    return new SelvageError(
      'UnknownValue',
      `The data store (${technology}) has no value ${hash}, and no record names it. Look for the hash with \`selvage runs show RUN\` or \`selvage lineage\`, ` +
        'and whether these are the backends that you mean: `selvage doctor`.',
      { details: { hash } },
    );
  }
  return new SelvageError(
    'ValueMissing',
    `The data store (${technology}) has the value ${hash} no more, which records name. It is a constant, which is in the code and not kept; or it was removed (\`selvage gc\`, ` +
      '`selvage scrub`); or it is in another store: `selvage doctor` shows which one this is.',
    { details: { hash } },
  );
}
