import { ApplicationFailure } from '@temporalio/common';
import { beginRun, lookUp, makeExtension, reload } from './begin-run';
import type { Continuation } from './carried-over';
import { ChildRuns } from './child-runs';
import { conclude, finishRun } from './conclude-run';
import { detailsTable } from './details-table';
import {
  EXTEND_UPDATE,
  MEMO_KEY,
  SEGMENTS_QUERY,
  STATUS_QUERY,
  mayReuse,
  type ExtendMessage,
  type LiveStatus,
  type RunAnswer,
  type RunMemo,
  type RunningSegments,
} from './messages';
import { NOTHING_YET, statusAfter } from './run-report';
import { SerialQueue } from './serial-queue';
import { Signals } from './signals';
import { systemAmid } from './system-calls';
import { SCHEDULERS, TemporalHost, type HostEnd, type Schedulers } from './temporal-host';
import type { Scope, World } from './world';

/**
 * The one workflow: interprets the plan that its first step pins. The workflow's type is the tapestry's name; its input
 * is the run's parameters.
 *
 * A cancel aborts the signals of running bodies, skips all other knots, settles, and ends the workflow as cancelled.
 * The workflow fails only if the run did: as `InvalidParameters`, `UnknownTerminal`, or `RunFailed` with the
 * {@link RunAnswer} as details. A defect or missing deploy fails the workflow task instead, and the run waits.
 */
export async function interpret(
  world: World,
  parameters: unknown,
  continuation?: Continuation,
  schedulers: Schedulers = SCHEDULERS,
): Promise<RunAnswer> {
  const begun: { host?: TemporalHost; answer?: RunAnswer } = {};
  // Queries are registered before the first await, as one may arrive with the first task.
  world.answerQuery(
    STATUS_QUERY,
    'Counts of knots, and which run now',
    (): LiveStatus => begun.host?.report.status() ?? (begun.answer ? statusAfter(begun.answer) : NOTHING_YET),
  );
  world.answerQuery(
    SEGMENTS_QUERY,
    'The knots of each running segment',
    (): RunningSegments =>
      begun.host?.runningSegments() ?? { temporalRunId: world.facts().runId, segments: [] },
  );

  let hostIsThere!: (host: TemporalHost) => void;
  const hosted = new Promise<TemporalHost>((resolve) => {
    hostIsThere = resolve;
  });
  world.takeUpdate<ExtendMessage>(EXTEND_UPDATE, {
    description: 'Gives the run more knots',
    validate: (message) => {
      requireExtendMessage(message);
      begun.host?.requireOpen();
    },
    take: async ({ fragment }) => {
      const host = await hosted;
      await host.extend(fragment);
      return { plan: host.plan };
    },
  });

  const children = new ChildRuns(world);
  const calls = new SerialQueue();
  const signals = new Signals(world, calls);

  const memo = runMemo(world);
  const start = await world.shielded(async () =>
    continuation ? await reload(world, continuation, memo) : await beginRun(world, parameters, memo),
  );
  if ('answer' in start) {
    begun.answer = start.answer;
    world.show(detailsTable(statusAfter(start.answer)));
    return start.answer;
  }
  const temporalRunId = continuation?.temporalRunId ?? world.facts().runId;
  const amid = systemAmid(world, start.limits);
  const work = async (): Promise<HostEnd> => {
    const host: TemporalHost = new TemporalHost({
      world,
      schedulers,
      layout: start.layout,
      plan: start.plan,
      temporalRunId,
      isContinued: continuation !== undefined,
      behaviour: start.behaviour,
      limits: start.limits,
      children,
      memo,
      signals,
      record: (unrecorded) =>
        calls.run(() =>
          world.shielded(async () => {
            await finishRun(amid, {
              host,
              memo,
              temporalRunId,
              parameters,
              mended: 0,
              status: 'running',
              unrecorded,
            });
          }),
        ),
      extend: (wanted, present) =>
        calls.run(() => world.shielded(() => makeExtension(world, amid, wanted, present, memo))),
      ...(mayReuse(memo) && {
        lookUp: (knots) => calls.run(() => lookUp(world, amid, host.plan, memo, temporalRunId, knots)),
      }),
      calls,
      carried: continuation,
    });
    begun.host = host;
    hostIsThere(host);
    const scope = world.scope();
    const isTooLate = hasDeadline && memo.deadline <= world.now();
    // If the deadline has passed, nothing is sent. The host is cancelled below, once it knows what earlier executions
    // have begun.
    if (isTooLate) scope.cancel();
    else if (hasDeadline) endAtDeadline(world, memo.deadline, host, scope);
    const running = continuation
      ? host.resume(continuation.saved)
      : host.run(start.parameters, start.takenOver, start.segment);
    if (isTooLate) host.cancel('deadline');
    scope.cancelRequested.catch(() => host.cancel());
    return await running;
  };
  const hasDeadline = memo.deadline !== undefined;
  // The bodies have a scope of their own: a deadline stops them while the workflow goes on to settle.
  const end = await (hasDeadline ? world.cancellable(work) : work());
  const host = begun.host!;
  return await world.shielded(() =>
    conclude(host, end, start, memo, continuation ? undefined : parameters, continuation),
  );
}

/** Ends the run like a cancel when its time is over. */
function endAtDeadline(world: World, deadline: number, host: TemporalHost, scope: Scope): void {
  const end = (): void => {
    host.cancel('deadline');
    scope.cancel();
  };
  // The deadline's own cancel must not cancel the timer. If the workflow is cancelled first, the deadline has nothing to end.
  world.shielded(() => world.sleep(deadline - world.now())).then(end, () => undefined);
}

function requireExtendMessage(message: unknown): void {
  if (typeof (message as Partial<ExtendMessage> | undefined)?.fragment === 'string') return;
  throw ApplicationFailure.nonRetryable(
    'The update that extends a run takes { fragment }, the content hash of a fragment in the data store. Use `run.extend(fragment)`.',
    'InvalidFragment',
  );
}

/** The client's facts about the run. For a run of a Temporal schedule, adds the schedule and the planned time. */
function runMemo(world: World): RunMemo {
  const { memo, searchAttributes } = world.facts();
  const said = (memo?.[MEMO_KEY] ?? {}) as RunMemo;
  const attributes = searchAttributes as Record<string, unknown[] | undefined>;
  const scheduledBy = attributes['TemporalScheduledById']?.[0];
  if (typeof scheduledBy !== 'string') return said;
  const plannedFor = attributes['TemporalScheduledStartTime']?.[0];
  return { trigger: `schedule:${scheduledBy}`, ...plannedEvent(plannedFor), ...said };
}

/** Truncated to the second, as in run ids: a scheduler of the server keeps the fraction of manually triggered runs. */
function plannedEvent(plannedFor: unknown): Pick<RunMemo, 'triggerKey' | 'event'> {
  if (!(plannedFor instanceof Date)) return {};
  const planned = new Date(Math.floor(plannedFor.getTime() / 1000) * 1000).toISOString();
  return { triggerKey: planned, event: { planned } };
}
