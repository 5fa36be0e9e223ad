import {
  ActivityCancellationType,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import {
  PUMP_ACTIVITY,
  PUMP_HEARTBEAT_MS,
  PUMP_REPLACED,
  SAVE_CHECKPOINT_UPDATE,
  STREAM_MEMO_KEY,
  STREAM_SIGNAL,
  type PumpEnd,
  type PumpTask,
  type SavedCheckpoint,
  type StreamAnswer,
  type StreamCheckpoint,
  type StreamCommand,
  type StreamMemo,
  type StreamMode,
  type StreamRequest,
} from '../messages';

const commandSignal = defineSignal<[StreamCommand]>(STREAM_SIGNAL);
const saveUpdate = defineUpdate<boolean, [SavedCheckpoint]>(SAVE_CHECKPOINT_UPDATE);

/** The pump works as long as the stream lives; a missing heartbeat tells its end. */
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;

export interface StreamContinuation {
  readonly checkpoint: StreamCheckpoint;
  readonly mode: StreamMode;
  readonly round: number;
}

const NOTHING_YET: StreamCheckpoint = { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } };

/**
 * A stream: one long activity, the pump, reads the source and starts runs. The workflow keeps everything that must
 * survive it.
 *
 * T1  The newest checkpoint is in the pump's heartbeat, the memo, or both; the greater number is newer.
 * T2  A pump learns from its saves and from the memo that it is to stop. Such a pump finishes everything read, and
 *     returns its checkpoint. The pump is not cancelled: the server would forget the heartbeat of a dead one.
 * T3  A pump of an earlier round or attempt saves nothing any more.
 * T4  A missing heartbeat tells that a process has died; the activity is tried again wherever a process polls.
 */
export async function runStream(
  request: StreamRequest,
  continuation: StreamContinuation = { checkpoint: NOTHING_YET, mode: 'running', round: 0 },
): Promise<StreamAnswer> {
  let { mode, checkpoint, round } = continuation;
  let lastAttempt = 0;
  const show = (): void => {
    const memo: StreamMemo = { ...request, mode, checkpoint };
    upsertMemo({ [STREAM_MEMO_KEY]: memo });
  };
  setHandler(commandSignal, (command) => {
    const next = modeAfter(mode, command);
    if (next === mode) return;
    mode = next;
    show();
  });
  setHandler(
    saveUpdate,
    ({ checkpoint: newer, term: [, attempt] }) => {
      lastAttempt = attempt;
      if (newer.number > checkpoint.number) checkpoint = newer;
      show();
      // A stream of many files saves often.
      return mode !== 'running' || workflowInfo().continueAsNewSuggested;
    },
    {
      validator: ({ term: [itsRound, attempt] }) => {
        if (itsRound === round && attempt >= lastAttempt) return;
        throw ApplicationFailure.nonRetryable('Another process reads the source now', PUMP_REPLACED);
      },
    },
  );
  show();

  for (;;) {
    await condition(() => mode !== 'paused');
    if (mode === 'draining') return { checkpoint, why: 'drained' };
    [round, lastAttempt] = [round + 1, 0];
    const end = await pump({ id: request.id, round, checkpoint });
    if (end.checkpoint.number > checkpoint.number) checkpoint = end.checkpoint;
    show();
    if (end.why === 'ended') return { checkpoint, why: 'ended' };
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof runStream>(request, { checkpoint, mode, round });
  }
}

function modeAfter(mode: StreamMode, command: StreamCommand): StreamMode {
  // A drain is final: callers wait for the end.
  if (mode === 'draining' || command === 'drain') return 'draining';
  return command === 'pause' ? 'paused' : 'running';
}

function pump(task: PumpTask): Promise<PumpEnd> {
  const activities = proxyActivities<Record<string, (task: PumpTask) => Promise<PumpEnd>>>({
    activityId: 'pump',
    summary: 'Reads the source and starts runs',
    startToCloseTimeout: TEN_YEARS_MS,
    heartbeatTimeout: PUMP_HEARTBEAT_MS,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // A process that stands by starts soon, however many have died before.
    retry: { initialInterval: 1_000, backoffCoefficient: 1 },
  });
  return activities[PUMP_ACTIVITY]!(task);
}
