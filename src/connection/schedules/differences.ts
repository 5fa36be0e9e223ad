import { z } from 'zod';
import { canonicalJson } from '../../values';
import { durationWords } from '../../triggers';
import { timesText, type ScheduleDefinition } from './schedule-form';

/** Names of the parts for people, in the order in which differences are listed. */
export const PART_NAMES: Readonly<Record<keyof ScheduleDefinition, string>> = {
  tapestry: 'tapestry',
  times: 'times',
  timezone: 'timezone',
  parameters: 'parameters',
  plannedTime: 'plannedTime',
  overlap: 'overlap',
  catchupMs: 'catchup',
  jitterMs: 'jitter',
  plan: 'plan',
  tags: 'tags',
  taskQueue: 'task queue',
  fairnessKey: 'fairness key',
  others: 'others',
};
const PARTS = Object.keys(PART_NAMES) as (keyof ScheduleDefinition)[];

/** A part of a schedule that differs between the server and the declaration. */
export const scheduleChange = z.object({
  part: z.enum(PARTS),
  /** The declaration's version, in words. */
  declared: z.string(),
  /** The server's version, in words. */
  onServer: z.string(),
  /**
   * The side that changed it since the last deploy. `server`: it was changed there by other means than a deploy, and the declaration is
   * unchanged.
   */
  changedBy: z.enum(['file', 'server', 'both']),
});
export type ScheduleChange = Readonly<z.output<typeof scheduleChange>>;
export type ChangedBy = ScheduleChange['changedBy'];

const textOf = (value: unknown): string => canonicalJson(value as never);

/**
 * The differences, part by part.
 *
 * @param deployed the form of the last deploy; undefined if the server has lost it, so that every difference
 *   counts as changed there
 */
export function differences(
  declared: ScheduleDefinition,
  onServer: ScheduleDefinition,
  deployed: ScheduleDefinition | undefined,
): ScheduleChange[] {
  return PARTS.flatMap((part): ScheduleChange[] => {
    const [ours, theirs] = [textOf(declared[part]), textOf(onServer[part])];
    if (ours === theirs) return [];
    const last = deployed && textOf(deployed[part]);
    const changedBy = last === ours || last === undefined ? 'server' : last === theirs ? 'file' : 'both';
    return [{ part, declared: partText(declared, part), onServer: partText(onServer, part), changedBy }];
  });
}

/** Changes on the server since the last deploy. */
export function changesOnServer(
  onServer: ScheduleDefinition,
  deployed: ScheduleDefinition | undefined,
): ScheduleChange[] {
  return deployed ? differences(deployed, onServer, deployed) : [];
}

const NOTHING = 'none';

/** A part of a schedule, in words. */
function partText(form: ScheduleDefinition, part: keyof ScheduleDefinition): string {
  switch (part) {
    case 'times':
      return timesText(form.times);
    case 'catchupMs':
    case 'jitterMs':
      return form[part] === 0 ? NOTHING : durationWords(form[part]);
    case 'parameters':
    case 'others':
      return Object.keys(form[part] as object).length === 0 ? NOTHING : textOf(form[part]);
    case 'tags':
      return form.tags.join(', ') || NOTHING;
    case 'plan':
      return form.plan ?? "the worker's";
    default:
      return form[part] ?? NOTHING;
  }
}
