import { ApplicationFailure } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import type { ExceptionRecord } from '../ports';
import type { HostLost } from '../runtime';
import type { HandedBack } from '../workflows/messages';

export function verdict(
  knot: PlanKnot,
  record: ExceptionRecord,
  how: { nonRetryable: boolean; nextRetryDelay?: number },
): ApplicationFailure {
  const failure = ApplicationFailure.create({
    message: record.message,
    type: record.type,
    details: [record],
    // Failures of optional knots are no trouble: they count in no error metric, and are logged as debug.
    ...(knot.policy.optional && { category: ApplicationFailureCategory.BENIGN }),
    ...how,
  });
  failure.stack = record.traceback;
  return failure;
}

/** Continues a segment's back-off on the server, where it occupies no worker slot. */
export function waitsAfterThrow(knot: PlanKnot, { throws = 1, after }: HandedBack): ApplicationFailure {
  return ApplicationFailure.create({
    message: `Knot "${knot.id}" has thrown ${throws === 1 ? 'once' : `${throws} times`} in a segment and is tried again after its back-off.`,
    type: 'Retry',
    nonRetryable: false,
    nextRetryDelay: after!,
  });
}

export function workerShutdown(knot: PlanKnot, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `The worker that ran knot "${knot.id}" shuts down; another one takes it over.`,
    { details: { knot: knot.id }, cause },
  );
}

export function superseded(knot: PlanKnot, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `The server has given up this attempt of knot "${knot.id}"; another one takes it over.`,
    { details: { knot: knot.id }, cause },
  );
}

export function childRunLost(knot: PlanKnot): SelvageError {
  return new SelvageError(
    'ChildRunLost',
    `The child run that ran knot "${knot.id}" has ended without a word: it was terminated, by an operator or with a reset. The knot ` +
      'was not run again.',
    { details: { knot: knot.id } },
  );
}

/** An attempt counts as a lost worker if it neither throws nor refuses. */
export function hostLost(cause: HostLost): ApplicationFailure {
  return ApplicationFailure.create({
    message: cause.message,
    type: 'WorkerLost',
    nonRetryable: false,
    cause,
  });
}
