import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { beginRun, lookUp, makeExtension, reload } from './begin-run';
import type { Continuation } from './carried-over';
import { ChildRuns } from './child-runs';
import { conclude, finishRun } from './conclude-run';
import { detailsTable } from './details-table';
import {
  EXTEND_UPDATE,
  SEGMENTS_QUERY,
  STATUS_QUERY,
  mayReuse,
  type ExtendMessage,
  type LiveStatus,
  type RunAnswer,
  type RunningSegments,
} from './messages';
import { runMemo } from './run-memo';
import { NOTHING_YET, statusAfter } from './run-report';
import { SerialQueue } from './serial-queue';
import { Signals } from './signals';
import { systemAmid } from './system-calls';
import { TemporalHost, type HostEnd } from './temporal-host';
import { workflowTime } from './workflow-clock';

const statusQuery = defineQuery<LiveStatus>(STATUS_QUERY);
const extendUpdate = defineUpdate<{ plan: string }, [ExtendMessage]>(EXTEND_UPDATE);
const segmentsQuery = defineQuery<RunningSegments>(SEGMENTS_QUERY);

/**
 * The one workflow: interprets the plan that its first step pins. Its type is the tapestry's name, its input the
 * parameters.
 *
 * A cancel aborts the signals of running bodies, skips the rest, settles, and ends the workflow as cancelled. The
 * workflow fails (as `InvalidParameters`, `UnknownTerminal` or `RunFailed`, the last with the {@link RunAnswer} as
 * details) only if the run did. A defect or a missing deploy fails the workflow task instead, and the run waits.
 */
export async function interpret(parameters: unknown, continuation?: Continuation): Promise<RunAnswer> {
  const begun: { host?: TemporalHost; answer?: RunAnswer } = {};
  // Registered before the first await, as a query may arrive with the first task.
  setHandler(
    statusQuery,
    () => begun.host?.report.status() ?? (begun.answer ? statusAfter(begun.answer) : NOTHING_YET),
    {
      description: 'Counts of knots, and which run now',
    },
  );
  setHandler(
    segmentsQuery,
    () => begun.host?.runningSegments() ?? { temporalRunId: workflowInfo().runId, segments: [] },
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
  const calls = new SerialQueue();
  const signals = new Signals(calls);

  const memo = runMemo();
  const start = await CancellationScope.nonCancellable(async () =>
    continuation ? await reload(continuation, memo) : await beginRun(parameters, memo),
  );
  if ('answer' in start) {
    begun.answer = start.answer;
    setCurrentDetails(detailsTable(statusAfter(start.answer)));
    return start.answer;
  }
  const temporalRunId = continuation?.temporalRunId ?? workflowInfo().runId;
  const amid = systemAmid(start.limits);
  const work = async (): Promise<HostEnd> => {
    const host: TemporalHost = new TemporalHost({
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
          CancellationScope.nonCancellable(async () => {
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
        calls.run(() => CancellationScope.nonCancellable(() => makeExtension(amid, wanted, present, memo))),
      ...(mayReuse(memo) && {
        lookUp: (knots) => calls.run(() => lookUp(amid, host.plan, memo, temporalRunId, knots)),
      }),
      calls,
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
  // A scope of its own, so that a deadline can stop the bodies while the workflow itself goes on to settle.
  const end = await (hasDeadline ? CancellationScope.cancellable(work) : work());
  const host = begun.host!;
  return await CancellationScope.nonCancellable(() =>
    conclude(host, end, start, memo, continuation ? undefined : parameters, continuation),
  );
}

/** Ends the run like a cancel when its time is over. If the deadline has already passed, nothing begins. */
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
  // The deadline's own cancel must not cancel the timer. If the workflow is cancelled first, nothing is left to end.
  CancellationScope.nonCancellable(() => sleep(left)).then(end, () => undefined);
}

function requireExtendMessage(message: unknown): void {
  if (typeof (message as Partial<ExtendMessage> | undefined)?.fragment === 'string') return;
  throw ApplicationFailure.nonRetryable(
    'The update that extends a run takes { fragment }, the content hash of a fragment in the data store. Use `run.extend(fragment)`.',
    'InvalidFragment',
  );
}
