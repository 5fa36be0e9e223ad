import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  SETTLED_KNOTS_PER_CALL,
  SLICES_PER_TASK,
  decodeLayout,
  failsWorkflow,
  packRanges,
  unpackRanges,
  type Layout,
  type SavedScheduler,
} from '../engine';
import { NEWEST_BEHAVIOUR, requireKnownBehaviour } from './behaviours';
import type { CarriedOver } from './carried-over';
import { ChildRuns } from './child-runs';
import { detailsTable } from './details-table';
import type { ExtendedLayout, WantedExtension } from './extensions';
import {
  EXTEND_ACTIVITY,
  EXTEND_UPDATE,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  MEMO_KEY,
  PIN_ACTIVITY,
  SEGMENTS_QUERY,
  SETTLE_ACTIVITY,
  STATUS_QUERY,
  type ExtendMessage,
  type LayoutRequest,
  type LiveStatus,
  type PinResult,
  type RunAnswer,
  type RunMemo,
  type RunningSegments,
  type SettleRequest,
  mayReuse,
} from './messages';
import { Signals } from './signals';
import { TemporalHost, cancelledFailure, type HostEnd } from './temporal-host';
import { failTaskIfUnknown, system, systemAmid, type SystemActivities } from './system-calls';
import { Turns } from './turns';
import type { RunLimits } from './run-limits';
import type { Unrecorded } from './unrecorded-knots';
import { workflowTime } from './workflow-clock';
import type { RunStatus } from '../protocols';

/**
 * What one execution of the interpreter hands to the next (continue-as-new), which needs the parameters no more. No value is
 * in it: they are looked up by record.
 */
export interface Continuation extends CarriedOver {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  readonly recordRun: string;
  readonly saved: SavedScheduler<null>;
}

const statusQuery = defineQuery<LiveStatus>(STATUS_QUERY);
const extendUpdate = defineUpdate<{ plan: string }, [ExtendMessage]>(EXTEND_UPDATE);
const segmentsQuery = defineQuery<RunningSegments>(SEGMENTS_QUERY);

/**
 * The one workflow: interprets the plan that its first step pins. Its type is the tapestry's name, its input the parameters.
 *
 * Cancelling it aborts the signals of running bodies, skips the rest, settles, and ends as cancelled. It fails (as
 * `InvalidParameters`, `UnknownTerminal` or `RunFailed`, the last with the {@link RunAnswer} as details) only when the
 * run did; a defect or a missing deploy fails the workflow task instead, and the run waits.
 */
export async function interpret(parameters: unknown, continuation?: Continuation): Promise<RunAnswer> {
  const begun: { host?: TemporalHost; answer?: RunAnswer } = {};
  // Registered before anything is awaited: a query may come with the first task.
  setHandler(
    statusQuery,
    () => begun.host?.status() ?? (begun.answer ? statusAfter(begun.answer) : NOTHING_YET),
    {
      description: 'Counts of knots, and which run now',
    },
  );
  setHandler(
    segmentsQuery,
    () => begun.host?.runningSegments() ?? { run: workflowInfo().runId, segments: [] },
    {
      description: 'The knots of each running segment',
    },
  );

  let hostIsThere!: (host: TemporalHost) => void;
  const hosted = new Promise<TemporalHost>((resolve) => {
    hostIsThere = resolve;
  });
  setHandler(
    extendUpdate,
    async ({ fragment }) => {
      const host = await hosted;
      await host.extend(fragment);
      return { plan: host.plan };
    },
    {
      description: 'Gives the run more knots',
      validator: (message) => {
        requireExtendMessage(message);
        begun.host?.requireOpen();
      },
    },
  );

  const children = new ChildRuns();
  const turns = new Turns();
  const signals = new Signals(turns);

  const memo = runMemo();
  const start = await CancellationScope.nonCancellable(async () =>
    continuation ? await reload(continuation, memo) : await pin(parameters, memo),
  );
  if ('answer' in start) {
    begun.answer = start.answer;
    setCurrentDetails(detailsTable(statusAfter(start.answer)));
    return start.answer;
  }
  const recordRun = continuation?.recordRun ?? workflowInfo().runId;
  const amid = systemAmid(start.limits);
  const work = async (): Promise<HostEnd> => {
    const host: TemporalHost = new TemporalHost({
      layout: start.layout,
      plan: start.plan,
      recordRun,
      behaviour: start.behaviour,
      limits: start.limits,
      children,
      memo,
      signals,
      record: (unrecorded) =>
        turns.take(() =>
          CancellationScope.nonCancellable(async () => {
            await settle(amid, host, memo, recordRun, 'running', false, unrecorded);
          }),
        ),
      extend: (wanted, present) =>
        turns.take(() => CancellationScope.nonCancellable(() => makeExtension(amid, wanted, present, memo))),
      ...(mayReuse(memo) && {
        lookUp: (knots) => turns.take(() => lookUp(amid, host.plan, memo, recordRun, knots)),
      }),
      turns,
      carried: continuation,
    });
    begun.host = host;
    hostIsThere(host);
    const scope = CancellationScope.current();
    if (hasDeadline) endAtDeadline(memo.deadline, host, scope);
    const running = continuation
      ? host.resume(continuation.saved)
      : host.run(start.parameters, start.takenOver, start.segment);
    scope.cancelRequested.catch(() => host.cancel());
    return await running;
  };
  const hasDeadline = memo.deadline !== undefined;
  // Its own scope, so that a deadline can tell the bodies to stop while the workflow goes on to settle.
  const end = await (hasDeadline ? CancellationScope.cancellable(work) : work());
  const host = begun.host!;
  return await CancellationScope.nonCancellable(() => conclude(host, end, start, memo, continuation));
}

/** Ends the run as a cancel would when its time is over; a deadline that has passed already lets nothing begin. */
function endAtDeadline(deadline: number, host: TemporalHost, scope: CancellationScope): void {
  const end = (): void => {
    host.cancel('deadline');
    scope.cancel();
  };
  const left = deadline - workflowTime();
  if (left <= 0) {
    end();
    return;
  }
  // Not one of the things that the deadline itself cancels. Where the workflow is cancelled first, nothing is left to end.
  CancellationScope.nonCancellable(() => sleep(left)).then(end, () => undefined);
}

/** What the client said of the run; one that Temporal started by a schedule says so itself. */
function runMemo(): RunMemo {
  const { memo, searchAttributes } = workflowInfo();
  const said = (memo?.[MEMO_KEY] ?? {}) as RunMemo;
  const scheduledBy = (searchAttributes as Record<string, unknown[] | undefined>)[
    'TemporalScheduledById'
  ]?.[0];
  return typeof scheduledBy === 'string' ? { trigger: `schedule:${scheduledBy}`, ...said } : said;
}

interface Start {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  readonly layout: Layout;
  readonly parameters: PinResult['parameters'];
  /** Indexes in the layout. */
  readonly takenOver: readonly number[];
  readonly segment?: PinResult['segment'];
}

/** Answers what the workflow answers where there is nothing left to do. */
async function pin(parameters: unknown, memo: RunMemo): Promise<Start | { readonly answer: RunAnswer }> {
  const pinned = await failTaskIfUnknown(() =>
    system[PIN_ACTIVITY]({
      ...memo,
      behaviour: NEWEST_BEHAVIOUR,
      // With a deadline, nothing begins before the clock has been looked at.
      beginSegment: memo.deadline === undefined,
      parameters: parameters ?? {},
    }),
  );
  requireKnownBehaviour(pinned.behaviour);
  if ('answer' in pinned) return { answer: pinned.answer };
  const layout = await loadLayout(pinned.plan, memo, pinned);
  return {
    behaviour: pinned.behaviour,
    limits: pinned.limits,
    plan: pinned.plan,
    layout,
    parameters: pinned.parameters,
    takenOver: unpackRanges(pinned.takenOver ?? []),
    ...(pinned.segment && { segment: pinned.segment }),
  };
}

async function reload(continuation: Continuation, memo: RunMemo): Promise<Start> {
  requireKnownBehaviour(continuation.behaviour);
  const first = await failTaskIfUnknown(() =>
    system[LAYOUT_ACTIVITY](layoutRequest(continuation.plan, memo, 0)),
  );
  const layout = await loadLayout(continuation.plan, memo, first);
  return {
    behaviour: continuation.behaviour,
    limits: continuation.limits,
    plan: continuation.plan,
    layout,
    parameters: [],
    takenOver: [],
  };
}

/** It takes no time to speak of, so a cancel waits for it. */
async function lookUp(
  amid: SystemActivities,
  plan: string,
  memo: RunMemo,
  run: string,
  knots: readonly number[],
): Promise<readonly number[]> {
  const { found } = await CancellationScope.nonCancellable(() =>
    failTaskIfUnknown(() =>
      amid[LOOKUP_ACTIVITY]({
        plan,
        ...(memo.terminals && { terminals: memo.terminals }),
        run,
        knots: packRanges(knots),
      }),
    ),
  );
  return unpackRanges(found);
}

async function loadLayout(
  plan: string,
  memo: RunMemo,
  first: { slices: number; layout: string },
): Promise<Layout> {
  return decodeLayout(await loadSlices(system, layoutRequest(plan, memo, 0), first));
}

async function loadSlices(
  { [LAYOUT_ACTIVITY]: readSlice }: SystemActivities,
  request: LayoutRequest,
  first: { slices: number; layout: string },
): Promise<string[]> {
  const slices = [first.layout];
  for (let slice = 1; slice < first.slices; slice++) {
    // The answers of local activities are commands of the task; a timer ends the task and so the message.
    if (slice % SLICES_PER_TASK === 0) await sleep(1);
    const { layout } = await failTaskIfUnknown(() => readSlice({ ...request, slice }));
    slices.push(layout);
  }
  return slices;
}

function layoutRequest(plan: string, memo: RunMemo, slice: number): LayoutRequest {
  return { plan, slice, ...(memo.terminals && { terminals: memo.terminals }) };
}

async function makeExtension(
  amid: SystemActivities,
  wanted: WantedExtension,
  present: Layout,
  memo: RunMemo,
): Promise<ExtendedLayout> {
  const { terminals } = memo;
  const made = await failTaskIfUnknown(() =>
    amid[EXTEND_ACTIVITY]({ ...wanted, ...(terminals && { terminals }) }),
  );
  const { plan } = made;
  if (made.slices === 0) return { plan, layout: present, bytes: 0 };
  const request = { ...layoutRequest(plan, memo, 0), since: wanted.plan };
  const slices = await loadSlices(amid, request, made);
  const bytes = slices.reduce((sum, { length }) => sum + length, 0);
  return { plan, layout: decodeLayout(slices, present), bytes };
}

function requireExtendMessage(message: unknown): void {
  if (typeof (message as Partial<ExtendMessage> | undefined)?.fragment === 'string') return;
  throw ApplicationFailure.nonRetryable(
    'The update that extends a run takes { fragment }, the content hash of a fragment in the data store. Use `run.extend(fragment)`.',
    'InvalidFragment',
  );
}

async function conclude(
  host: TemporalHost,
  end: HostEnd,
  start: Start,
  memo: RunMemo,
  continuation: Continuation | undefined,
): Promise<RunAnswer> {
  const recordRun = continuation?.recordRun ?? workflowInfo().runId;
  if (end.kind === 'continue' && !host.endedBy) {
    const amid = systemAmid(start.limits);
    await host.turns.take(() => settle(amid, host, memo, recordRun, 'running', false, host.toRecord));
    await host.signalsAtRest();
    // The next execution would not hear of a cancel that came meanwhile: then this one is the last.
    if (!host.endedBy) {
      await untilHandlersEnd();
      return await continueAsNew<typeof interpret>(null, {
        behaviour: start.behaviour,
        limits: start.limits,
        plan: host.plan,
        recordRun,
        saved: end.saved,
        ...host.carriedOver,
      });
    }
    // What is in child runs has its grace.
    await host.finished;
  }
  await host.signalsAtRest();
  host.closeSignals();
  const status = statusOf(host);
  const missed = host.endedBy === 'deadline' && isCutShort(host) ? deadlineExceeded(memo) : undefined;
  const error = missed ?? host.refusedExtension;
  const record = await host.turns.take(() =>
    settle(system, host, memo, recordRun, status, true, host.toRecord, error),
  );
  const answer: RunAnswer = {
    status,
    counts: host.counts,
    plan: host.plan,
    record,
    terminals: host.terminals(),
  };
  await untilHandlersEnd();
  if (status === 'cancelled') throw cancelledFailure();
  if (error) throw ApplicationFailure.nonRetryable(error.message, error.type, answer);
  if (status === 'failed' && failsWorkflow(start.layout.failOn, host.countedFailures))
    throw runFailed(host, answer);
  return answer;
}

/** Whether a cancel or the deadline kept knots from their end. */
function isCutShort(host: TemporalHost): boolean {
  return host.endedBy !== undefined && host.toRecord.skipped.some(({ reason }) => reason === 'cancelled');
}

function statusOf(host: TemporalHost): RunStatus {
  if (isCutShort(host)) return host.endedBy === 'deadline' ? 'failed' : 'cancelled';
  return host.refusedExtension || host.countedFailures.counted > 0 ? 'failed' : 'succeeded';
}

/** Whoever extends the run is answered before it ends. */
async function untilHandlersEnd(): Promise<void> {
  if (!allHandlersFinished()) await condition(allHandlersFinished);
}

type RunError = NonNullable<SettleRequest['error']>;

function deadlineExceeded({ deadline }: RunMemo): RunError {
  return {
    type: 'DeadlineExceeded',
    message:
      `The run did not end before its deadline (${new Date(deadline!).toISOString()}): what ran was told to stop, the rest was ` +
      'skipped. Resume it to go on from what it has, with more time.',
  };
}

async function settle(
  { [SETTLE_ACTIVITY]: record }: SystemActivities,
  host: TemporalHost,
  memo: RunMemo,
  run: string,
  status: RunStatus,
  finished: boolean,
  { skipped, failed }: Unrecorded,
  error?: RunError,
): Promise<string | null> {
  const chunks = Math.ceil(Math.max(skipped.length, failed.length) / SETTLED_KNOTS_PER_CALL);
  // The end of a run is one more thing to write than its knots; a continuation writes only those.
  const calls = finished ? Math.max(chunks, 1) : chunks;
  let hash: string | null = null;
  for (let call = 0; call < calls; call++) {
    const from = call * SETTLED_KNOTS_PER_CALL;
    const result = await failTaskIfUnknown(() =>
      record({
        ...memo,
        plan: host.plan,
        run,
        status,
        counts: host.counts,
        skipped: skipped.slice(from, from + SETTLED_KNOTS_PER_CALL),
        failed: failed.slice(from, from + SETTLED_KNOTS_PER_CALL),
        last: finished && call === calls - 1,
        ...(error && { error: { type: error.type, message: error.message } }),
        ...(finished && host.leftSignals && { signals: host.leftSignals }),
      }),
    );
    if (result.standing) host.noteStanding(result.standing);
    hash = result.record ?? null;
  }
  return hash;
}

function runFailed(host: TemporalHost, answer: RunAnswer): ApplicationFailure {
  const first = host.firstFailure;
  const { counted } = host.countedFailures;
  const others = counted - 1;
  const what = first ? `${first.knot} (${first.type}: ${first.message})` : 'a knot';
  return ApplicationFailure.nonRetryable(
    `${counted} of ${answer.counts.ok + answer.counts.err + answer.counts.skipped} knots failed: ${what}` +
      (others > 0 ? ` and ${others} more` : ''),
    'RunFailed',
    answer,
  );
}

/** Of a run of which all is Ok. */
function statusAfter({ plan, counts }: RunAnswer): LiveStatus {
  const total = counts.ok;
  return {
    plan,
    counts: { ...counts, running: 0, waiting: 0, total },
    running: [],
    failures: [],
    cancelled: false,
  };
}

const NOTHING_YET: LiveStatus = {
  plan: null,
  counts: { ok: 0, err: 0, skipped: 0, running: 0, waiting: 0, total: 0 },
  running: [],
  failures: [],
  cancelled: false,
};
