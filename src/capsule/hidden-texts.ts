import type { ErrorCause, ExceptionRecord } from '../authoring/outcome';
import type { RecordedAttempt } from '../authoring/run-graph';
import type { LineageRecord, RunRecord } from '../ports';
import { subjectOf } from '../encryption/seal-backends';
import { pathsFor, type Redaction } from './redaction';
import type { WriteCapsuleOptions } from './write-options';

/** Details of a run's record that a capsule keeps; facts about a worker's machine are left out. */
const SHOWN_ENVIRONMENT = [
  'counts',
  'error',
  'parent_knot',
  'parent_temporal_run_id',
  'selvage',
  'node',
  'platform',
  'digest_key',
  'inline_limit',
  'given_parameters',
  'signals',
  'scrubs',
  'resumed_from',
  'resumed_as',
  'event',
  'begun',
  'subject',
];

export function shownRun(
  run: RunRecord,
  { redactSubject = false, values = true }: WriteCapsuleOptions,
  hidden: HiddenTexts,
): RunRecord {
  const isOfSubject = redactSubject && subjectOf(run) !== undefined;
  const details = Object.fromEntries(
    Object.entries(run.details).filter(
      ([name]) =>
        SHOWN_ENVIRONMENT.includes(name) && !(redactSubject && (name === 'subject' || name === 'event')),
    ),
  );
  const { error } = details as { error?: ToldError };
  if (error && (isOfSubject || !values || hidden.tells(error))) details['error'] = withoutText(error);
  return { ...run, details, ...(isOfSubject && { trigger_key: null }) };
}

export function isHidden(
  run: RunRecord,
  record: LineageRecord,
  redactions: readonly Redaction[],
  { redactSubject = false, values = true }: WriteCapsuleOptions,
): boolean {
  if (!values || (redactSubject && subjectOf(run) !== undefined)) return true;
  return pathsFor(record, redactions).some((path) => path.length === 0);
}

interface ToldError {
  readonly type: string;
  readonly message: string;
}

/** Error texts of redacted knots, which errors of a map, an enclosing knot or the run may repeat. */
export class HiddenTexts {
  readonly #records: ReadonlySet<LineageRecord>;
  readonly #texts: readonly string[];

  constructor(records: readonly LineageRecord[]) {
    this.#records = new Set(records);
    const errors = records.flatMap(({ extra }) => (extra as { error?: ExceptionRecord }).error ?? []);
    this.#texts = errors.flatMap(textsOf).filter((text) => text.length > 0);
  }

  has(record: LineageRecord): boolean {
    const { error } = record.extra as { error?: ExceptionRecord };
    return this.#records.has(record) || (error !== undefined && this.tells(error));
  }

  tells(error: ErrorCause): boolean {
    return this.#texts.some((text) => textsOf(error).some((other) => other.includes(text)));
  }
}

function textsOf({ message, cause, errors = [] }: Partial<ExceptionRecord> & ErrorCause): string[] {
  return [message, ...(cause ? textsOf(cause) : []), ...errors.flatMap(textsOf)];
}

function withoutText({ type }: ToldError): ToldError {
  return { type, message: '(redacted)' };
}

/** Hides the texts of a redacted knot's error and attempts. */
export function shownRecord(record: LineageRecord, hidden: HiddenTexts): LineageRecord {
  if (!hidden.has(record)) return record;
  const { error, attempts } = record.extra as {
    error?: ExceptionRecord;
    attempts?: readonly RecordedAttempt[];
  };
  const extra: Record<string, unknown> = { ...record.extra };
  if (error) {
    const { id, attempt, at } = error;
    extra['error'] = { id, ...withoutText(error), traceback: '', attempt, ...(at !== undefined && { at }) };
  }
  if (attempts) {
    extra['attempts'] = attempts.map((one) => ({
      ...one,
      reason: { code: one.reason.code, message: '(redacted)' },
    }));
  }
  return { ...record, extra };
}
