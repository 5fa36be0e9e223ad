import { keepWithRows } from '../runtime/table-rows';
import { Context } from '@temporalio/activity';
import { encodeJson, hashJson } from '../values';
import { PARAMETER_BYTES_INLINE } from '../plan';
import type { Envelope } from '../scheduler';
import { SelvageError, isOfClass } from '../errors';
import {
  encodeOutput,
  envelopeOf,
  openTablesFrom,
  recordWithoutBody,
  storedValues,
  storeTablesIn,
  validateParameters,
  valueOfRecord,
  withPlannedTime,
  type EncodedValue,
  type Execution,
  type LoadedPlan,
} from '../runtime';
import { partitionOfRun } from '../authoring';
import type { TapestryRecord } from '../authoring/records';
import type { Commit } from '../ports';
import type { BeginRunRequest } from '../workflows/messages';
import { decodeParameters, referencesIn } from './parameter-references';
import { recordRefused, type RefusalParts } from './run-record';
import type { Uses } from './worker-parts';

export interface AcceptedParameters {
  readonly values: readonly EncodedValue[];
  readonly stored: ReadonlySet<string>;
  readonly partition?: string;
  /** Hash of the raw parameters, if a knot started the run, as that knot lacks some of them. */
  readonly hash?: string;
}

export interface RecordedParameter {
  readonly envelope: Envelope;
  readonly hash: string;
}

export function parameterName(id: string): string {
  return id.slice('param:'.length);
}

/** Records a run with refused parameters as failed. */
export async function acceptParameters(
  environment: RefusalParts & Uses<'digest'>,
  tapestry: TapestryRecord,
  plan: LoadedPlan,
  wanted: readonly string[],
  request: BeginRunRequest,
): Promise<AcceptedParameters> {
  const { backends, digest } = environment;
  try {
    const decoded = await decodeParameters(backends.dataStore, request.parameters, {
      // A run that a knot starts could read the knot's values anyway.
      allowReferences: request.allowReferences === true || request.parentKnot !== undefined,
    });
    const given = await withPlannedTime(tapestry, decoded, request.plannedTime, request.event?.['planned']);
    await openTablesFrom(backends.dataStore, given, 'parameters');
    const accepted = await validateParameters(tapestry, given, wanted);
    await storeTablesIn(backends.dataStore, accepted);
    const partition = partitionOfRun(tapestry, accepted);
    const stored = [...referencesIn(request.parameters).values()].map(({ hash }) => hash);
    if (stored.length > 0) await keepWithRows(backends.dataStore, stored);
    return {
      values: wanted.map((id) => encodeOutput(accepted.get(parameterName(id)), digest)),
      stored: new Set(stored),
      ...(partition !== undefined && { partition }),
      ...(request.parentKnot !== undefined && { hash: hashJson(encodeJson(given), digest) }),
    };
  } catch (error) {
    if (!isOfClass(error, 'input')) throw error;
    await recordRefused(environment, Context.current().info, plan, request, error);
    throw error;
  }
}

export async function recordParameters(
  { backends, inlineLimit }: Uses<'backends' | 'inlineLimit'>,
  plan: LoadedPlan,
  ids: readonly string[],
  { values, stored }: Pick<AcceptedParameters, 'values' | 'stored'>,
  execution: Execution,
): Promise<RecordedParameter[]> {
  if (ids.length === 0) return [];
  const commits = ids.map((id, index): Commit => {
    const value = values[index]!;
    const record = recordWithoutBody(plan, plan.knot(id), execution, { kind: 'ok', value });
    return { record, values: stored.has(value.hash) ? [] : storedValues(value) };
  });
  const results = await backends.commit(commits);
  return results.map(({ record, inserted }, index) => {
    const value = values[index]!;
    // A schema that reads the clock yields another value the second time; the first value, on record, stands.
    if (inserted || record.output_hash === value.hash)
      return { envelope: envelopeOf(value, inlineLimit), hash: value.hash };
    const envelope = valueOfRecord(record);
    return { envelope, hash: envelope.hash };
  });
}

/** Limits the inline parameters: a single event contains all of them, and the server limits its size. */
export function inlineUpToLimit(envelopes: readonly Envelope[]): (Envelope | null)[] {
  let bytes = 0;
  return envelopes.map((envelope) => {
    bytes += Buffer.byteLength(JSON.stringify(envelope));
    return bytes > PARAMETER_BYTES_INLINE ? null : envelope;
  });
}

/** Refuses to run if this worker would write larger values into the history than the run's starter allows. */
export function requireInlineLimit(
  { inlineLimit: own }: Uses<'inlineLimit'>,
  { inlineLimit: wanted, parameters }: BeginRunRequest,
): void {
  if (wanted !== undefined && own > wanted) throw inlineLimitDiffers(wanted, own);
  if (wanted !== undefined || own > 0) return;
  const isInHistory = Object.keys(parameters as object).length > referencesIn(parameters).size;
  if (isInHistory)
    Context.current().log.warn(
      "The parameters of this run are in Temporal's history, although this worker has inlineLimit 0: give it to whoever starts runs, too.",
    );
}

function inlineLimitDiffers(wanted: number, own: number): SelvageError {
  return new SelvageError(
    'InlineLimitDiffers',
    `Who started this run wants no value of more than ${wanted} bytes in its history, and this worker (inlineLimit ${own}) would put some there. ` +
      'The run waits for a worker with that limit: set SELVAGE_INLINE_LIMIT to the same for both.',
    { details: { wanted, own } },
  );
}
