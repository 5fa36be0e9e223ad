import { ApplicationFailure } from '@temporalio/activity';
import { SelvageError } from '../errors';
import type { LineageRecord } from '../ports';
import { RECORDS_LOST } from '../workflows/messages';
import { recordsOf, type RecordSources } from './reset-runs';
import { namedKnots } from './what-was-lost';

/**
 * The failure of activities that need records or values lost by a history that went back in time. The interpreter makes
 * lost records and values again, and then repeats the activity.
 */
export function recordsLost(knots: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The run history has lost what ${namedKnots(knots)} came to: it went back in time. It is made again.`,
    RECORDS_LOST,
  );
}

export function isRecordsLost(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === RECORDS_LOST;
}

/**
 * Like {@link recordsOf}, for ended knots, which must have records. @throws ApplicationFailure as {@link
 * recordsLost}
 */
export async function requiredRecordsOf(
  environment: RecordSources,
  runId: string,
  temporalRunId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LineageRecord>> {
  const records = await recordsOf(environment, runId, temporalRunId, ids);
  const missing = ids.filter((id) => !records.has(id));
  if (missing.length > 0) throw recordsLost(missing);
  return records;
}

/** If ended knots lack records as well as a value, throws `recordsLost`; else the error. */
export async function missingOrLost(
  environment: RecordSources,
  runId: string,
  temporalRunId: string,
  ids: readonly string[],
  error: unknown,
): Promise<never> {
  if (SelvageError.is(error, 'ValueMissing')) await requiredRecordsOf(environment, runId, temporalRunId, ids);
  throw error;
}
