import type { Connection } from '@temporalio/client';
import { SelvageError } from '../errors';
import { durationOption, type Duration } from '../values/duration';
import type { StartLedger } from '../ports';
import { unreachable } from './connection-errors';

export interface ForgetStartsOptions {
  /** Forgets events that started runs longer ago than this. Must exceed the server's retention of runs. */
  readonly olderThan: Duration;
}

export interface ForgottenStarts {
  /** Claims before this time (milliseconds since the epoch) are removed. */
  readonly before: number;
  readonly forgotten: number;
}

const ANSWER_LIMIT_MS = 5_000;

/**
 * Forgets which events started runs long ago. As long as the server knows a run, its id alone prevents a second start, so whatever is
 * forgotten must be older than that.
 *
 * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `ServerRefused`, `BackendUnavailable`
 */
export async function forgetStarts(
  ledger: StartLedger,
  connection: Pick<Connection, 'workflowService' | 'withDeadline'>,
  namespace: string,
  options: ForgetStartsOptions,
): Promise<ForgottenStarts> {
  const olderThan = durationOption('olderThan', options.olderThan);
  const retention = await retentionOf(connection, namespace);
  if (!(Number.isFinite(olderThan) && olderThan > retention)) {
    throw new SelvageError(
      'InvalidConfig',
      `The age is ${String(olderThan)} ms. The server keeps runs for ${retention} ms after their end (the retention of namespace "${namespace}"): give more, ` +
        'or an event that is delivered late could start its run a second time.',
      { details: { option: 'olderThan', span: olderThan, retention, reason: 'WrongValue' } },
    );
  }
  const before = Date.now() - olderThan;
  return { before, forgotten: await ledger.forget(before) };
}

async function retentionOf(
  connection: Pick<Connection, 'workflowService' | 'withDeadline'>,
  namespace: string,
): Promise<number> {
  try {
    const { config } = await connection.withDeadline(Date.now() + ANSWER_LIMIT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
  } catch (error) {
    throw unreachable(error);
  }
}
