import type { Connection } from '@temporalio/client';
import { SelvageError } from '../errors';
import { durationOption, type Duration } from '../values/duration';
import type { AcrossHost } from './across/waiting-runs';
import { unreachable } from './connection-errors';

export interface PruneEventsOptions {
  /** Minimum age of the removed starts. The age must exceed the server's retention of runs. */
  readonly olderThan: Duration;
}

export interface PrunedEvents {
  /** Starts before this time (milliseconds since the epoch) are removed. */
  readonly until: number;
  /** Number of removed events. */
  readonly events: number;
}

const ANSWER_LIMIT_MS = 5_000;

/** Events of triggers and the runs that they started: `selvage.events`. */
export class Events {
  /** @internal */
  constructor(private readonly host: AcrossHost) {}

  /**
   * Removes events that started runs longer ago than `olderThan`. Runs and their records stay. While the
   * server knows a run, its id prevents a second start, so `olderThan` must exceed the server's retention of
   * runs. A later delivery of a removed event starts a run again.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `ServerRefused`, `BackendUnavailable`
   */
  async prune(options: PruneEventsOptions): Promise<PrunedEvents> {
    const { backends, client, place } = this.host;
    const olderThan = durationOption('olderThan', options.olderThan);
    const retention = await retentionOf(client.connection, place.namespace);
    if (!(Number.isFinite(olderThan) && olderThan > retention)) {
      throw new SelvageError(
        'InvalidConfig',
        `The age is ${String(olderThan)} ms. The server keeps runs for ${retention} ms after their end (the retention of namespace "${place.namespace}"): give more, ` +
          'or an event that is delivered late could start its run a second time.',
        { details: { option: 'olderThan', span: olderThan, retention, reason: 'WrongValue' } },
      );
    }
    const until = Date.now() - olderThan;
    return { until, events: await backends.startLedger.forget(until) };
  }
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
