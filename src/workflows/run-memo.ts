import { MEMO_KEY, type RunMemo } from './messages';
import type { World } from './world';

/** The client's facts about the run. For a run of a Temporal schedule: the schedule and the planned time. */
export function runMemo(world: World): RunMemo {
  const { memo, searchAttributes } = world.facts();
  const said = (memo?.[MEMO_KEY] ?? {}) as RunMemo;
  const attributes = searchAttributes as Record<string, unknown[] | undefined>;
  const scheduledBy = attributes['TemporalScheduledById']?.[0];
  if (typeof scheduledBy !== 'string') return said;
  const plannedFor = attributes['TemporalScheduledStartTime']?.[0];
  return { trigger: `schedule:${scheduledBy}`, ...plannedEvent(plannedFor), ...said };
}

/**
 * Truncated to the second, as in run ids: a scheduler of the server keeps the fraction of manually triggered runs.
 */
function plannedEvent(plannedFor: unknown): Pick<RunMemo, 'triggerKey' | 'event'> {
  if (!(plannedFor instanceof Date)) return {};
  const planned = new Date(Math.floor(plannedFor.getTime() / 1000) * 1000).toISOString();
  return { triggerKey: planned, event: { planned } };
}
