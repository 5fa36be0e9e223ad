import type { GraphKnot } from '../authoring/run-graph';

export interface Failure {
  readonly knotId: string;
  readonly kind?: GraphKnot['kind'];
  readonly error: { readonly type: string; readonly message: string; readonly at?: string };
  readonly attempt: number;
  readonly maximumAttempts?: number;
  /** When the knot failed, in milliseconds since the epoch. */
  readonly finishedAt: number;
}

/** Failures by the code and the first line of the error, with the first of them. */
export interface FailureCause extends Failure {
  /** All knots with this failure, in the order of their failures. */
  readonly knots: readonly string[];
}

export function failuresOf(knots: readonly GraphKnot[]): Failure[] {
  return knots.flatMap(({ id: knotId, kind, maximumAttempts, state }) => {
    if (!state?.error) return [];
    const { error, attempt, finishedAt } = state;
    return [{ knotId, kind, error, attempt, ...(maximumAttempts && { maximumAttempts }), finishedAt }];
  });
}

/** Groups failures by cause, the cause of the first failure first. */
export function causesOf(failures: readonly Failure[]): FailureCause[] {
  const causes = new Map<string, Failure & { readonly knots: string[] }>();
  for (const failure of [...failures].sort((one, other) => one.finishedAt - other.finishedAt)) {
    const { type, message } = failure.error;
    const key = `${type}: ${message.split('\n', 1)[0]!}`;
    const known = causes.get(key);
    if (known) known.knots.push(failure.knotId);
    else causes.set(key, { ...failure, knots: [failure.knotId] });
  }
  return [...causes.values()];
}

/** Formats an attempt as `attempt 3 of 3`; empty for the only attempt. */
export function attemptWords({
  attempt,
  maximumAttempts,
}: Pick<Failure, 'attempt' | 'maximumAttempts'>): string {
  // An attempt that was lost with its worker does not count.
  if (maximumAttempts !== undefined && attempt > 0 && attempt <= maximumAttempts)
    return `attempt ${attempt} of ${maximumAttempts}`;
  return attempt > 1 ? `attempt ${attempt}` : '';
}

/** Nodes without a body; other knots that failed before their first attempt stand for elements or a run. */
const WITHOUT_BODY: ReadonlySet<string> = new Set([
  'parameter',
  'waitForSignal',
  'sleep',
  'waitUntil',
  'path',
]);
const OF_OTHERS: ReadonlySet<string> = new Set(['map', 'subTapestry', 'loop']);

/** Whether a body has run that can run again. */
export const canDebug = ({ kind = 'knot', attempt }: Pick<Failure, 'kind' | 'attempt'>): boolean =>
  OF_OTHERS.has(kind) || (attempt > 0 && !WITHOUT_BODY.has(kind));

/** The words of the command that runs a knot again. @param run its id, or a capsule */
export const debugWords = (run: string, file: string, knot: string): string[] => [
  'debug',
  run,
  file,
  '--knot',
  knot,
];
