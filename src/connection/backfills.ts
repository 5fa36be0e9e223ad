import type { WorkflowClient } from '@temporalio/client';
import {
  BACKFILL,
  LIST_KNOT,
  MOST_AT_ONCE,
  ORDERS,
  SELECTIONS,
  backfillTapestry,
  choosePartitions,
  type BackfillHost,
  type BackfillInput,
  type BackfillRequest,
  type Choice,
  type PlannedPartition,
  type PartitionCandidate,
  type BackfillTapestry,
  type BackfillOrder,
  type BackfillState,
} from '../backfills';
import type { AnyDomain, KeyRange } from '../partitions';
import type { TapestryRecord } from '../authoring';
import type { Backends, RunRecord } from '../ports';
import { listPartitions, refusePartition, requirePartitions } from './list-partitions';
import { SelvageError, isOfClass } from '../errors';
import { readValues } from '../runtime';

export interface BackfillOptions {
  /** Keys of the first and last partition, inclusive; default: first and last closed one of the domain. */
  readonly from?: string;
  readonly to?: string;
  /** Keys of the partitions to make, instead of a range. */
  readonly keys?: readonly string[];
  /** States of the partitions to make, or `all`. Default `missing`. */
  readonly state?: BackfillState | readonly BackfillState[];
  /** Default `forward`. */
  readonly order?: BackfillOrder;
  /** Maximum number of partitions whose runs are in progress at once: 1 to 1,000. Default 8. */
  readonly concurrency?: number;
  /** Parameters of each run beside its partition. Default: none. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The work of a backfill, checked as far as possible without its tapestry. */
export interface BackfillWork {
  readonly tapestry: BackfillTapestry;
  readonly request: BackfillInput;
}

/** The host of a process that only starts a backfill, and so runs none of its bodies. */
const NO_HOST: BackfillHost = { list: notHere, make: notHere };

interface Backfilled {
  readonly record: TapestryRecord;
  /** Content hash of the runs' plan. */
  readonly plan: string;
  readonly taskQueue: string;
}

/** @throws SelvageError `InvalidConfig`, `InvalidPartition`, `InvalidParameters` */
export function backfillWork(
  { record, plan, taskQueue }: Backfilled,
  options: BackfillOptions,
): BackfillWork {
  const { name } = record;
  const domain = requirePartitions(record);
  const { dependsOnPrevious } = record.options;
  const { from, to, keys, state = 'missing', order = 'forward', concurrency, parameters = {} } = options;
  const refuse = (
    option: keyof BackfillOptions,
    remedy: string,
    reason: 'WrongValue' | 'Conflict' = 'WrongValue',
  ): SelvageError =>
    new SelvageError(
      'InvalidConfig',
      `The option "${option}" of the backfill of tapestry "${name}" cannot be ${shown(options[option])}. ${remedy}`,
      { details: { tapestry: name, option, reason } },
    );
  refusePartition(record, parameters);
  if (
    concurrency !== undefined &&
    !(Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= MOST_AT_ONCE)
  )
    throw refuse('concurrency', `Give a whole number from 1 to ${MOST_AT_ONCE}, or leave it out.`);
  if (!ORDERS.includes(order)) throw refuse('order', `Give ${ORDERS.join(' or ')}.`);
  if (order === 'backward' && dependsOnPrevious)
    throw refuse('order', 'Its partitions depend on the ones before them: leave it out.', 'Conflict');
  const selections = typeof state === 'string' ? [state] : [...new Set(state)];
  if (selections.length === 0 || selections.some((selection) => !SELECTIONS.includes(selection)))
    throw refuse('state', `Give one or more of ${SELECTIONS.join(', ')}.`);
  if (keys && (from !== undefined || to !== undefined))
    throw refuse('keys', 'Give keys, or the ends of a range: not both.', 'Conflict');
  for (const key of keys ?? []) domain.parse(key);
  if (from !== undefined || to !== undefined) requireSome(domain, name, { now: Date.now(), from, to });
  // A partition that waits for the one before it would only occupy a slot.
  const atOnce = dependsOnPrevious && domain.kind !== 'product' ? 1 : concurrency;
  return {
    tapestry: backfillTapestry(NO_HOST, atOnce),
    request: {
      tapestry: name,
      plan,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(keys && { keys: [...keys] }),
      only: selections,
      order,
      queue: taskQueue,
      parameters: { ...parameters },
    },
  };
}

/** @throws SelvageError `InvalidPartition` if a given range has no partition that has closed */
function requireSome(domain: AnyDomain, tapestry: string, range: KeyRange): void {
  if (domain.keys(range).length > 0) return;
  const closed = domain.keys({ now: range.now });
  const { from = null, to = null } = range;
  const remedy =
    closed.length === 0
      ? 'None of the tapestry has closed yet. Wait for the first, or name one that is still open by its key (keys, --partition).'
      : `The first is ${closed[0]}, and the newest that has closed is ${closed.at(-1)}. Give a range within, or name one that is still open by its key (keys, --partition).`;
  throw new SelvageError(
    'InvalidPartition',
    `No partition of tapestry "${tapestry}" has closed ${from === null ? '' : `from ${from} on`}${from !== null && to !== null ? ', ' : ''}${to === null ? '' : `up to ${to}`}. ${remedy}`,
    { details: { partition: from ?? to, tapestry, from, to } },
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? typeof value;
}

/** Defaults for resuming a backfill: it chooses partitions anew, on the task queue of its runs. */
export function resumedBackfill(
  tapestry: string,
  parameters: Readonly<Record<string, unknown>>,
): { readonly from: readonly string[]; readonly options: { readonly taskQueue?: string } } | undefined {
  if (tapestry !== BACKFILL) return undefined;
  const { queue } = parameters['request'] as BackfillRequest;
  return { from: [LIST_KNOT], options: queue === undefined ? {} : { taskQueue: queue } };
}

export function tapestryOfBackfill(parameters: Readonly<Record<string, unknown>>): string {
  return (parameters['request'] as BackfillRequest).tapestry;
}

/** The request of a backfill; undefined if it is not on record, or cannot be read. */
export async function requestOfBackfill(
  backends: Backends,
  temporalRunId: string,
): Promise<BackfillRequest | undefined> {
  const records = await backends.runHistory.getRecords(temporalRunId, ['param:request']);
  try {
    return (await readValues(backends, records)).get('param:request') as BackfillRequest | undefined;
  } catch (error) {
    if (isOfClass(error, 'backend')) throw error;
    return undefined;
  }
}

interface Surroundings {
  /** The time by the clock of the run history. */
  readonly now: number;
  /** When a schedule planned the backfill; absent if no schedule started it. */
  readonly planned?: number;
  readonly failedSince?: Choice['failedSince'];
  /** The client that is asked about runs that are not on record. */
  readonly client?: WorkflowClient;
}

/**
 * Partitions to make, in their order. @throws SelvageError `InvalidPartition`, `InvalidConfig`, `BackendUnavailable`
 */
export async function partitionsToMake(
  backends: Backends,
  tapestry: TapestryRecord,
  request: BackfillRequest,
  { now, planned, failedSince, client }: Surroundings,
): Promise<PlannedPartition[]> {
  const { name } = tapestry;
  const domain = requirePartitions(tapestry);
  const { dependsOnPrevious } = tapestry.options;
  const { only, order, from, to, keys, catchup, parameters } = request;
  const all = await listPartitions(backends, tapestry, { parameters }, client);
  const states = new Map(all.map((partition) => [partition.key, partition]));
  const wanted = keys ?? domain.keys({ now, from, to });
  const recent = catchup === undefined ? wanted : recentOnes(wanted, domain, (planned ?? now) - catchup, now);
  const standing = recent.map((key): PartitionCandidate => {
    const { state = 'missing', latestRun } = states.get(key) ?? {};
    return { key, state, run: latestRun };
  });
  return choosePartitions(standing, {
    tapestry: name,
    only,
    order,
    since: now,
    failedSince,
    ...(dependsOnPrevious && {
      previous: (key: string) => domain.previous(key),
      isOk: (key: string) => ['ok', 'stale'].includes(states.get(key)?.state ?? 'missing'),
    }),
  });
}

/** When the first of the resumed backfills began; undefined if this backfill resumes none. */
export async function firstBegan(
  { runHistory }: Pick<Backends, 'runHistory'>,
  run: RunRecord | undefined,
): Promise<number | undefined> {
  let first: number | undefined;
  for (let next = run; next;) {
    const { resumed_from: before } = next.details as { resumed_from?: string };
    // A pruned run ends the chain of resumed backfills.
    next = before === undefined ? undefined : await runHistory.getRun(before);
    first = next?.started_at ?? first;
  }
  return first;
}

/** Keys closed after `since`, always with the last. Partitions without a time span are never too old. */
function recentOnes(keys: readonly string[], domain: AnyDomain, since: number, now: number): string[] {
  const last = new Set(domain.lastClosed(now));
  return keys.filter((key) => last.has(key) || (domain.windowOf(key)?.end ?? Infinity) > since);
}

function notHere(): never {
  throw new Error('A backfill is worked for by a worker.');
}
