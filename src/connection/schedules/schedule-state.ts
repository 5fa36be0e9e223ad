import type { ScheduleDescription } from '@temporalio/client';
import type { RunRecord } from '../../ports';
import { changesOnServer, type ScheduleChange } from './differences';
import {
  SCHEDULE_MEMO_KEY,
  formOfDescription,
  type DeploymentInfo,
  type ScheduleDefinition,
} from './schedule-form';

/** A run that a schedule started. */
export interface ScheduledRun {
  readonly runId: string;
  /** Milliseconds since the epoch, like the next. */
  readonly plannedAt: number;
  readonly startedAt: number;
}

/** A schedule as it stands on the server. Times are milliseconds since the epoch. */
export interface ScheduleState {
  readonly id: string;
  readonly form: ScheduleDefinition;
  /** The last deploy; null if the schedule was made, or replaced, by other means. */
  readonly deployed: DeploymentInfo | null;
  /** Parts that differ from the last deploy; `declared` is what was deployed. */
  readonly changedOnServer: readonly ScheduleChange[];
  readonly paused: boolean;
  /** The operator's note. */
  readonly note: string | null;
  /** How many runs are left, if that is limited. */
  readonly remaining: number | null;
  /** At most ten, with their jitter; none while it is paused. */
  readonly nextAt: readonly number[];
  /** At most ten, newest first. */
  readonly recent: readonly ScheduledRun[];
  /** Ids of runs that are not over. */
  readonly running: readonly string[];
  readonly counts: {
    readonly started: number;
    /** Planned times that the server came to more than `catchup` late. */
    readonly missed: number;
    /** Planned times for which `overlap` let none start. */
    readonly skipped: number;
    /** Planned times that wait for the end of other runs. */
    readonly waiting: number;
  };
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

/** A schedule that this client cannot read, mostly because this process lacks the key that seals it. */
export interface UnreadableSchedule {
  readonly id: string;
  /** A code such as `KeyMissing`, and what to do. */
  readonly unreadable: { readonly code: string; readonly message: string };
}

export interface ScheduleHistory extends ScheduleState {
  /** The recent runs as the run history has them; null: no worker has begun it. */
  readonly runs: readonly (ScheduledRun & { readonly record: RunRecord | null })[];
}

const RECENT = 10;

const deployedForms = new WeakMap<ScheduleState, ScheduleDefinition>();

/** The form of the last deploy. Callers of the API see it as `changedOnServer`. */
export function deployedForm(state: ScheduleState): ScheduleDefinition | undefined {
  return deployedForms.get(state);
}

/** The newer of the server's schedulers lists all running ones, followed by those that ended. */
function recentRuns(actions: ScheduleDescription['info']['recentActions']): ScheduledRun[] {
  return actions
    .map(({ scheduledAt, takenAt, action: { workflow } }) => ({
      runId: workflow.workflowId,
      plannedAt: scheduledAt.getTime(),
      startedAt: takenAt.getTime(),
    }))
    .sort((one, other) => other.startedAt - one.startedAt || other.plannedAt - one.plannedAt)
    .slice(0, RECENT);
}

export function stateOf(description: ScheduleDescription): ScheduleState {
  const { scheduleId, action, state, info, raw } = description;
  const form = formOfDescription(description);
  const memo = action.memo?.[SCHEDULE_MEMO_KEY] as
    (DeploymentInfo & { readonly form: ScheduleDefinition }) | undefined;
  const stood: ScheduleState = {
    id: scheduleId,
    form,
    deployed: memo ? { source: memo.source, actor: memo.actor, commit: memo.commit } : null,
    changedOnServer: changesOnServer(form, memo?.form),
    paused: state.paused,
    note: state.note === undefined || state.note === '' ? null : state.note,
    remaining: state.remainingActions ?? null,
    nextAt: state.paused ? [] : info.nextActionTimes.map((time) => time.getTime()),
    recent: recentRuns(info.recentActions),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    counts: {
      started: info.numActionsTaken,
      missed: info.numActionsMissedCatchupWindow,
      skipped: info.numActionsSkippedOverlap,
      waiting: Number(raw.info?.bufferSize ?? 0),
    },
    createdAt: info.createdAt.getTime(),
    updatedAt: info.lastUpdatedAt?.getTime() ?? null,
  };
  if (memo) deployedForms.set(stood, memo.form);
  return stood;
}
