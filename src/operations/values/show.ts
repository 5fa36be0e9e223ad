import { z } from 'zod';
import { SelvageError } from '../../errors';
import { resolveHash } from '../../records/questions';
import type { Backends, LineageRecord } from '../../ports';
import { scrubOf } from '../../records/retention';
import { withSubject } from '../../encryption/run-scope';
import { subjectOf } from '../../encryption/seal-backends';
import { mapOfElement } from '../../authoring/element-id';
import { isSecretName } from '../../values/redact';
import { hash, name } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';
import { leavesSealed, readBytes } from './read-bytes';
import { partOfValue, valueView, viewOfBytes, viewOfJson, WHOLE_BYTES, type ValueView } from './value-view';

export const show = question({
  name: 'values.show',
  summary: 'what a value is, or a part of it',
  description: 'Shows the beginning of a large value. If a value cannot be shown, the answer says why.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    hash,
    runId: name
      .optional()
      .describe('the run whose key decrypts the value, where values are sealed for subjects'),
    ...partOfValue,
  }),
  answer: valueView,
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }, { hash: 'sha256:4f2a', path: ['users', 3, 'name'] }],
  readsValues: true,
  inFull: true,
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `BackendUnavailable` */
  async run({ caller, ...data }, { hash: given, runId, ...part }): Promise<ValueView> {
    const { dataStore, runHistory } = data.backends;
    const hash = await resolveHash(runHistory, given);
    if (leavesSealed(data.backends, caller)) {
      const message = `The values of this store are sealed, and are not opened for an assistant. A person can: selvage value ${hash}`;
      return { form: 'none', hash, code: 'ValueSealed', message };
    }
    const record = await recordOf(data, hash, runId);
    const ofRun = runId ?? record?.run_id;
    const run = ofRun === undefined ? undefined : await data.backends.runHistory.getRun(ofRun);
    const how = { ...part, isRedacted: !caller.maySeeSecrets };
    const secret = how.isRedacted ? await secretNameOf(data, hash) : undefined;
    if (secret !== undefined) {
      const message = `It is the value of ${JSON.stringify(secret)}, a secret by its name.`;
      return { form: 'none', hash, code: 'Redacted', message };
    }
    try {
      const read = await withSubject(run && subjectOf(run), () => readBytes(dataStore, hash, WHOLE_BYTES));
      if (!read) throw await missingValue(data.backends, hash);
      const size = read.isCut ? (record?.output_size ?? read.bytes.byteLength) : read.bytes.byteLength;
      const { stored: mediaType, columns } = (record?.extra ?? {}) as {
        stored?: string;
        columns?: readonly number[];
      };
      if (hash.startsWith('bytes-')) return viewOfBytes({ hash, size, bytes: read.bytes, mediaType }, how);
      return viewOfJson({ hash, size, bytes: read.bytes, isCut: read.isCut, columns }, how);
    } catch (error) {
      if (!SelvageError.is(error) || error.code === 'InvalidQuery') throw error;
      return { form: 'none', hash, code: error.code, message: error.message };
    }
  },
});

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
