import type { temporal } from '@temporalio/proto';
import type { Selvage } from '../../src/client';
import {
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  FINISH_RUN_ACTIVITY,
  WAIT_ACTIVITY,
} from '../../src/workflows/messages';

type Event = temporal.api.history.v1.IHistoryEvent;

/**
 * All events of one execution of a run; the latest if none is named.
 *
 * @param batchesPerPage each workflow task writes a batch or two; a page must fit into a message of 4 MiB
 */
export async function historyOf(
  selvage: Selvage,
  runId: string,
  temporalRunId?: string,
  batchesPerPage = 1_000,
): Promise<Event[]> {
  const events: Event[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await selvage.client.workflowService.getWorkflowExecutionHistory({
      namespace: selvage.location.namespace,
      execution: { workflowId: runId, runId: temporalRunId },
      maximumPageSize: batchesPerPage,
      nextPageToken,
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken;
  } while (nextPageToken?.length);
  return events;
}

/** The executions of a run that was continued as new, by their Temporal run ids. */
export async function executionsOf(selvage: Selvage, runId: string, firstRunId: string): Promise<string[]> {
  const executions = [firstRunId];
  for (;;) {
    const last = (await historyOf(selvage, runId, executions.at(-1))).at(-1);
    const next = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (!next) return executions;
    executions.push(next);
  }
}

export interface ScheduledActivity {
  readonly id: string;
  readonly type: string;
  readonly summary: string | undefined;
  /** Bytes of the input. */
  readonly bytes: number;
  /** Event id of the workflow task whose completion scheduled it. */
  readonly task: number;
}

/** Activities that the interpreter itself requests, with the SDK's numbers as ids. */
const ASKED: readonly string[] = [
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  FINISH_RUN_ACTIVITY,
  WAIT_ACTIVITY,
];

/** Without the activities that the interpreter itself requests. */
export function scheduledActivities(events: readonly Event[]): ScheduledActivity[] {
  return events.flatMap((event) => {
    const attributes = event.activityTaskScheduledEventAttributes;
    if (!attributes || ASKED.includes(attributes.activityType!.name!)) return [];
    const summary = event.userMetadata?.summary?.data;
    return [
      {
        id: attributes.activityId!,
        type: attributes.activityType!.name!,
        summary: summary ? (JSON.parse(Buffer.from(summary).toString()) as string) : undefined,
        bytes: (attributes.input?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0),
        task: Number(attributes.workflowTaskCompletedEventId),
      },
    ];
  });
}

/** The results of activities of a type, in the order of their ends. */
export function answersOf(events: readonly Event[], type: string): unknown[] {
  const scheduled = new Set<string>();
  return events.flatMap(({ eventId, activityTaskScheduledEventAttributes: task, ...event }) => {
    if (task?.activityType?.name === type) scheduled.add(String(eventId));
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed || !scheduled.has(String(completed.scheduledEventId))) return [];
    return (completed.result?.payloads ?? []).map(
      ({ data }) => JSON.parse(Buffer.from(data!).toString()) as unknown,
    );
  });
}

/** All payloads of a history as one text, for searching. */
export function textOf(events: readonly Event[]): string {
  return leavesOf(events)
    .map((leaf) => (typeof leaf === 'string' ? leaf : Buffer.from(leaf).toString('latin1')))
    .join('\n');
}

function leavesOf(part: unknown): readonly (Uint8Array | string)[] {
  if (part instanceof Uint8Array || typeof part === 'string') return [part];
  if (typeof part !== 'object' || part === null) return [];
  return Object.values(part).flatMap(leavesOf);
}

/** Bytes of the largest payload of a history. */
export function largestPayload(events: readonly Event[]): number {
  let largest = 0;
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return;
    const { data, metadata } = part as { data?: unknown; metadata?: unknown };
    if (metadata && data instanceof Uint8Array) largest = Math.max(largest, data.byteLength);
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(events);
  return largest;
}

/** Like {@link textOf}, for a run and all runs started by its knots. */
export async function historiesOf(selvage: Selvage, runId: string): Promise<string> {
  const texts: string[] = [];
  const ids = new Set([runId]);
  for (const id of ids) {
    const events = await historyOf(selvage, id);
    texts.push(textOf(events));
    for (const { startChildWorkflowExecutionInitiatedEventAttributes: started } of events)
      if (started?.workflowId) ids.add(started.workflowId);
  }
  return texts.join('\n');
}
