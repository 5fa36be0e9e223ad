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

/** A run that a schedule started. */
const scheduledRun = z.object({
  runId: z.string(),
  /** Milliseconds since the epoch, like the next. */
  plannedAt: z.number(),
  startedAt: z.number(),
});
export type ScheduledRun = Readonly<z.output<typeof scheduledRun>>;

/** A schedule as it stands on the server. Times are milliseconds since the epoch. */
export const scheduleState = z.object({
  id: z.string(),
  form: scheduleDefinition,
  /** The last deploy; null if the schedule was made, or replaced, by other means. */
  deployed: deploymentInfo.nullable(),
  /** Parts that differ from the last deploy; `declared` is what was deployed. */
  changedOnServer: z.array(scheduleChange).readonly(),
  paused: z.boolean(),
  /** The operator's note. */
  note: z.string().nullable(),
  /** How many runs are left, if that is limited. */
  remaining: z.int().nullable(),
  /** At most ten, with their jitter; none while it is paused. */
  nextAt: z.array(z.number()).readonly(),
  /** At most ten, newest first. */
  recent: z.array(scheduledRun).readonly(),
  /** Ids of runs that are not over. */
  running: z.array(z.string()).readonly(),
  counts: z.object({
    started: z.int(),
    /** Planned times that the server came to more than `catchup` late. */
    missed: z.int(),
    /** Planned times for which `overlap` let none start. */
    skipped: z.int(),
    /** Planned times that wait for the end of other runs. */
    waiting: z.int(),
  }),
  createdAt: z.number(),
  updatedAt: z.number().nullable(),
});
export type ScheduleState = Readonly<z.output<typeof scheduleState>>;

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
