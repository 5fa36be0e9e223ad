import type { Client } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';
import { unreachable } from '../connection/connection-errors';
import { describeIfThere } from '../connection/executions';
import { SelvageError } from '../errors';

type HistoryEvent = NonNullable<History['events']>[number];

/** `history` is undefined if the server no longer has it. */
interface ExecutionHistory {
  readonly temporalRunId: string;
  readonly history: History | undefined;
}

/**
 * A page must fit into a message of 4 MiB, or the client fails after most of a minute of retries. A larger history is
 * therefore fetched batch by batch: one workflow task's events always fit.
 */
const ONE_MESSAGE_BYTES = 3 * 1024 * 1024;
/** The server's maximum number of batches in a page. */
const WHOLE_PAGE = 1_000;

/**
 * The histories of all executions of a run: the first, its continuations, and those that a reset began. The histories
 * are read one at a time, so that only one is in memory.
 *
 * @param first Temporal run id of the first execution, if the run's id may by now belong to a later run
 * @throws SelvageError `UnknownRun` (without `first`), `ServerUnreachable`
 */
export async function* chainHistories(
  client: Client,
  runId: string,
  first?: string,
): AsyncGenerator<ExecutionHistory> {
  const newest = await describeIfThere(client.workflow, runId);
  const firstOfNewest = newest && (newest.raw.workflowExecutionInfo?.firstRunId || newest.runId);
  if (!newest && first === undefined) {
    throw new SelvageError(
      'UnknownRun',
      `The server has no history of a run "${runId}": no such run exists (\`selvage runs list\` lists runs), or it ended ` +
        'so long ago that the server has forgotten it.',
      { details: { run: runId } },
    );
  }
  const waiting = first === undefined || first === firstOfNewest ? [firstOfNewest!, newest!.runId] : [first];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const history = await fetchHistory(client, runId, next);
    yield { temporalRunId: next, history };
    waiting.unshift(...neighbours(history?.events ?? []));
  }
}

async function fetchHistory(
  client: Client,
  runId: string,
  temporalRunId: string,
): Promise<History | undefined> {
  const description = await describeIfThere(client.workflow, runId, { execution: temporalRunId });
  if (!description) return undefined;
  const isSmall = (description.historySize ?? Infinity) <= ONE_MESSAGE_BYTES;
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  try {
    do {
      const page = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId: runId, runId: temporalRunId },
        maximumPageSize: isSmall ? WHOLE_PAGE : 1,
        ...(nextPageToken && { nextPageToken }),
      });
      events.push(...(page.history?.events ?? []));
      nextPageToken = page.nextPageToken;
    } while (nextPageToken?.length);
  } catch (error) {
    throw unreachable(error);
  }
  return { events };
}

/** The execution's continuation and predecessor, and the executions that it was reset from. */
function neighbours(events: readonly HistoryEvent[]): string[] {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const ended = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  const resets = events.map((event) => event.workflowTaskFailedEventAttributes?.baseRunId);
  return [ended?.newExecutionRunId, ...resets, started?.continuedExecutionRunId].filter(
    (run): run is string => typeof run === 'string' && run !== '',
  );
}
