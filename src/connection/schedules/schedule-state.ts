import type { ScheduleDescription } from '@temporalio/client';
import { z } from 'zod';
import type { RunRecord } from '../../ports';
import { changesOnServer, scheduleChange } from './differences';
import {
  SCHEDULE_MEMO_KEY,
  deploymentInfo,
  formOfDescription,
  scheduleDefinition,
  type DeploymentInfo,
  type ScheduleDefinition,
} from './schedule-form';

const scheduledRun = z.object({
  runId: z.string(),
  /** The planned time in milliseconds since the epoch, like the next time. */
  plannedAt: z.number(),
  startedAt: z.number(),
});
export type ScheduledRun = Readonly<z.output<typeof scheduledRun>>;

/** A schedule on the server. Times are milliseconds since the epoch. */
export const scheduleState = z.object({
  id: z.string(),
  form: scheduleDefinition,
  /** The last deploy; null if the schedule was not made or replaced by one. */
  deployed: deploymentInfo.nullable(),
  /** Differences from the last deploy, which is `declared`. */
  changedOnServer: z.array(scheduleChange).readonly(),
  paused: z.boolean(),
  /** The operator's note. */
  note: z.string().nullable(),
  /** Number of remaining runs, if that is limited. */
  remaining: z.int().nullable(),
  /** The next times, at most ten, with their jitter; none while paused. */
  nextAt: z.array(z.number()).readonly(),
  /** The recent runs, at most ten, newest first. */
  recent: z.array(scheduledRun).readonly(),
  running: z.array(z.string()).readonly(),
  counts: z.object({
    started: z.int(),
    /** Planned times that were missed by more than `catchup`. */
    missed: z.int(),
    /** Planned times that `overlap` skipped. */
    skipped: z.int(),
    /** Planned times that wait for other runs to end. */
    waiting: z.int(),
  }),
  createdAt: z.number(),
  updatedAt: z.number().nullable(),
});
export type ScheduleState = Readonly<z.output<typeof scheduleState>>;

/** A schedule that this client cannot read, mostly for lack of its key. */
export interface UnreadableSchedule {
  readonly id: string;
  /** A code such as `KeyMissing`, and what to do. */
  readonly unreadable: { readonly code: string; readonly message: string };
}

export interface ScheduleHistory extends ScheduleState {
  /** Recent runs with their records; null for a run that no worker has begun. */
  readonly runs: readonly (ScheduledRun & { readonly record: RunRecord | null })[];
}

const RECENT = 10;

const deployedForms = new WeakMap<ScheduleState, ScheduleDefinition>();

/** The deployed form of a schedule, whose differences the API shows as `changedOnServer`. */
export function deployedForm(state: ScheduleState): ScheduleDefinition | undefined {
  return deployedForms.get(state);
}

/** The newer of the server's schedulers lists running runs first, then ended ones. */
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
