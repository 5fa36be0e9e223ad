import { z } from 'zod';
import type { Plan } from '../../plan';
import { readPlan } from '../../plan/read-plan';
import type { AnyDomain, KeyRange } from '../../partitions';
import type {
  Backends,
  PartitionQueries,
  PartitionRun,
  PartitionRuns,
  RunRecord,
  RunStatus,
  TableFacts,
} from '../../ports';
import { append } from '../../values/append';
import { changedSources } from './changed-sources';
import { partitionQueries } from './partition-queries';
import { neededKnots, planChanges } from './plan-changes';
import { withoutUnreadColumns } from './unread-columns';

/**
 * The state of a partition:
 *
 * - `missing`: no run is on record, or asked for;
 * - `running`: the partition's newest run is under way;
 * - `ok`: the newest run has succeeded, and another one would get the same inputs and do the same;
 * - `stale`: the newest run has succeeded, and code, configuration or an input has changed since;
 * - `failed`: the newest run has failed, or was cancelled or terminated.
 */
export const PARTITION_STATES = ['missing', 'running', 'ok', 'stale', 'failed'] as const;
export type PartitionState = (typeof PARTITION_STATES)[number];

/** A change since a partition was made. */
export const staleReason = z.object({
  /** `code`: the body changed; `config`: the knot changed; `input`: the run would get another input. */
  kind: z.enum(['code', 'config', 'input']),
  /** The knot, for `code` and `config`. */
  knotId: z.string().optional(),
  /** For `config`, the part that changed. `new`: the run lacks the knot. `plan-gone`: the run's plan is gone. */
  part: z.enum(['new', 'definition', 'version', 'wiring', 'constants', 'policy', 'plan-gone']).optional(),
  /** The parameter, for `input`. */
  input: z.string().optional(),
  /** Content hashes of code or value; null if there is none. */
  before: z.string().nullable().optional(),
  now: z.string().nullable().optional(),
  /** For an input made for another partition: the knot of that partition that makes another value now. */
  source: z
    .object({
      tapestry: z.string(),
      partition: z.string(),
      knotId: z.string(),
      /** The newest successful run of the other partition. */
      runId: z.string(),
    })
    .readonly()
    .optional(),
});
export type StaleReason = Readonly<z.output<typeof staleReason>>;

const runSummary = z
  .object({
    runId: z.string(),
    status: z.string() as z.ZodType<string> as z.ZodType<RunStatus>,
    /** Milliseconds since the epoch. */
    startedAt: z.number(),
    finishedAt: z.number().nullable(),
  })
  .readonly();
export type PartitionRunSummary = z.output<typeof runSummary>;

export const partitionStatus = z.object({
  key: z.string(),
  state: z.enum(PARTITION_STATES),
  /** For a span of time: the span's beginning, and the first instant after it (milliseconds since the epoch). */
  window: z.object({ start: z.number(), end: z.number() }).readonly().optional(),
  /** Set if the span has not ended yet; the partition is listed because it was made by its key. */
  open: z.literal(true).optional(),
  runs: z.int(),
  latestRun: runSummary.optional(),
  /** The newest successful run, which may be the newest run. */
  latestOkRun: runSummary.optional(),
  /** For `stale`: the first ten reasons. */
  reasons: z.array(staleReason.readonly()).readonly(),
});
export type PartitionStatus = Readonly<z.output<typeof partitionStatus>>;

export interface PartitionsQuestion extends KeyRange {
  readonly domain: AnyDomain;
  /** The current plan of the tapestry, and its hash. */
  readonly plan: Plan;
  readonly planHash: string;
  /** Content hashes of what a run would get now, by parameter name; without the partition. */
  readonly inputs: ReadonlyMap<string, string>;
  /** What is known of tables, by content hash; of those of earlier runs, what the data store still has. */
  readonly tablesOf: (hashes: ReadonlySet<string>) => Promise<ReadonlyMap<string, TableFacts>>;
  readonly hashOf: (value: unknown) => string;
  /** Runs that no worker has begun, which are not on record. */
  readonly unbegun?: readonly RunRecord[];
  /** Runs that are over and on record as running. */
  readonly ended?: readonly RunRecord[];
}

const SHOWN_REASONS = 10;

/**
 * The partitions of a tapestry in order, with what is recorded of each.
 *
 * @throws SelvageError `InvalidPartition` (for a range), `BackendUnavailable`
 */
export async function partitionStates(
  { runHistory, tapestryStore }: Pick<Backends, 'runHistory' | 'tapestryStore'>,
  question: PartitionsQuestion,
): Promise<PartitionStatus[]> {
  const { domain, plan, unbegun = [], ended = [] } = question;
  const queries = partitionQueries(runHistory);
  const keys = domain.keys(question);
  const recorded = new Map<string, PartitionRuns>();
  for (const runs of await queries.partitionRuns(plan.tapestry))
    recorded.set(runs.partition, withEnds(runs, ended));
  const waiting = new Map(unbegun.map((run) => [run.partition ?? '', run]));
  const closed = new Set(keys);
  const open = [...new Set([...recorded.keys(), ...waiting.keys()])].filter(
    (key) => !closed.has(key) && isOpen(question, key),
  );
  const listed = [...keys, ...open];
  const made = listed.flatMap((key) => {
    const runs = recorded.get(key);
    return runs && runs.newest === runs.newestOk && !waiting.has(key) ? [runs] : [];
  });
  const changes = await staleReasons(queries, tapestryStore, question, made);
  const reasons = await withoutUnreadColumns(question, changes);
  return listed.map((key): PartitionStatus => {
    const runs = recorded.get(key);
    const newest = waiting.get(key) ?? runs?.newest;
    const window = domain.windowOf(key);
    const newestRun = newest && describe(newest);
    const newestOk = runs?.newestOk;
    const why = reasons.get(key) ?? [];
    return {
      key,
      state: newest ? stateOf(newest.status, why) : 'missing',
      ...(window && { window }),
      ...(!closed.has(key) && { open: true }),
      runs: (runs?.runs ?? 0) + (waiting.has(key) ? 1 : 0),
      ...(newestRun && { latestRun: newestRun }),
      ...(newestOk && { latestOkRun: newestOk === newest ? newestRun! : describe(newestOk) }),
      reasons: why.slice(0, SHOWN_REASONS),
    };
  });
}

function withEnds(runs: PartitionRuns, ended: readonly RunRecord[]): PartitionRuns {
  const ends = ended.filter(({ partition }) => partition === runs.partition);
  if (ends.length === 0) return runs;
  const { newest, newestOk } = runs;
  const ok = [...ends.filter(({ status }) => status === 'succeeded'), ...(newestOk ? [newestOk] : [])];
  return {
    ...runs,
    newest: ends.find(({ temporal_run_id: id }) => id === newest.temporal_run_id) ?? newest,
    newestOk: ok.sort((one, other) => other.started_at - one.started_at)[0],
  };
}

function stateOf(status: RunStatus, reasons: readonly StaleReason[]): PartitionState {
  if (status === 'running') return 'running';
  if (status !== 'succeeded') return 'failed';
  return reasons.length > 0 ? 'stale' : 'ok';
}

function describe({ run_id, status, started_at, finished_at }: PartitionRun): PartitionRunSummary {
  return { runId: run_id, status, startedAt: started_at, finishedAt: finished_at };
}

function isOpen({ domain, now, from, to }: PartitionsQuestion, key: string): boolean {
  if (from !== undefined || to !== undefined) return false;
  try {
    const window = domain.windowOf(key);
    return window !== undefined && window.end > now;
  } catch {
    // A partition that the domain no longer has is not listed.
    return false;
  }
}

/** Reasons by partition key; up-to-date partitions have none. */
async function staleReasons(
  queries: PartitionQueries,
  tapestryStore: Backends['tapestryStore'],
  question: PartitionsQuestion,
  made: readonly PartitionRuns[],
): Promise<ReadonlyMap<string, readonly StaleReason[]>> {
  const found = new Map<string, StaleReason[]>();
  const add = (key: string, reasons: readonly StaleReason[]): void => {
    if (reasons.length === 0) return;
    const known = found.get(key) ?? [];
    // Both the record and the plan of a map may report its code.
    const more = reasons.filter(
      ({ kind, knotId }) =>
        kind !== 'code' || !known.some((other) => other.kind === 'code' && other.knotId === knotId),
    );
    if (more.length > 0) found.set(key, [...known, ...more]);
  };
  const byRun = new Map(made.map(({ partition, newest }) => [newest.temporal_run_id, partition]));
  const codes = codesOf(question.plan);
  for (const { temporal_run_id, knot_id, code_hash } of await queries.otherCode([...byRun.keys()], codes)) {
    add(byRun.get(temporal_run_id)!, [
      { kind: 'code', knotId: knot_id, before: code_hash, now: codes.get(knot_id)! },
    ]);
  }
  for (const runs of ofOnePlan(made)) {
    const { reasons, isOtherDomain } = await changesSince(tapestryStore, question, runs[0]!.newest);
    for (const { partition, newest } of runs) {
      add(partition, reasons);
      add(partition, changedInputs(question, newest, isOtherDomain ? partition : undefined));
    }
  }
  for (const [partition, reasons] of await changedSources(queries, question, made)) add(partition, reasons);
  return found;
}

/** The current code of the knots that the terminals need, as far as it is known without their hosts. */
function codesOf(plan: Plan): Map<string, string> {
  const knots = neededKnots(plan).filter(({ definition }) => definition >= 0);
  const codes = knots.map(({ id, definition }) => [id, plan.definitions[definition]!.codeHash] as const);
  return new Map(codes.filter((code): code is [string, string] => code[1] !== undefined));
}

/** @param partition the partition's key, if its window may have changed */
function changedInputs(
  { domain, inputs, hashOf }: PartitionsQuestion,
  { parameter_hashes }: PartitionRun,
  partition: string | undefined,
): StaleReason[] {
  const reasons: StaleReason[] = [];
  const compare = (input: string, now: string): void => {
    const before = parameter_hashes[input];
    if (before !== undefined && before !== now) reasons.push({ kind: 'input', input, before, now });
  };
  if (partition !== undefined) compare('partition', hashOf(domain.parse(partition)));
  for (const [input, now] of inputs) compare(input, now);
  return reasons;
}

interface ChangesSince {
  readonly reasons: readonly StaleReason[];
  /** Whether the partitions of the run's plan are divided in another way. */
  readonly isOtherDomain: boolean;
}

/** Runs with one plan and equal terminals, so that each plan is compared once. */
function ofOnePlan(made: readonly PartitionRuns[]): PartitionRuns[][] {
  const byPlan = new Map<string, PartitionRuns[]>();
  // Runs that were read together share equal objects.
  const asked = new Map<PartitionRun['terminals'], string>();
  for (const runs of made) {
    const { plan_hash, terminals } = runs.newest;
    let text = asked.get(terminals);
    if (text === undefined) asked.set(terminals, (text = JSON.stringify(Object.values(terminals))));
    append(byPlan, `${plan_hash} ${text}`, runs);
  }
  return [...byPlan.values()];
}

async function changesSince(
  tapestryStore: Backends['tapestryStore'],
  { plan, planHash }: PartitionsQuestion,
  { plan_hash, terminals }: PartitionRun,
): Promise<ChangesSince> {
  const stored = plan_hash === planHash ? undefined : await tapestryStore.get(plan_hash);
  if (!stored && plan_hash !== planHash)
    return { reasons: [{ kind: 'config', part: 'plan-gone' }], isOtherDomain: true };
  const before = stored ? readPlan(stored.text) : plan;
  return {
    reasons: planChanges(before, Object.values(terminals), plan),
    isOtherDomain: cutOf(before) !== cutOf(plan),
  };
}

/** How partitions are divided, without the first and the last. */
function cutOf({ partition }: Plan): string {
  return JSON.stringify(partition?.domain ?? null, (name, value: unknown) =>
    name === 'start' || name === 'last' || name === 'keys' ? undefined : value,
  );
}
