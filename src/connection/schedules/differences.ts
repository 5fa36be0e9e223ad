import { z } from 'zod';
import { canonicalJson } from '../../values';
import { durationWords } from '../../triggers';
import { timesText, type ScheduleDefinition } from './schedule-form';

/** Names for people, in the order of listed differences. */
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

export const scheduleChange = z.object({
  part: z.enum(PARTS),
  /** In words. */
  declared: z.string(),
  /** In words. */
  onServer: z.string(),
  /** Whose version has changed since the last deploy. `server`: only the server's, not by a deploy. */
  changedBy: z.enum(['file', 'server', 'both']),
});
export type ScheduleChange = Readonly<z.output<typeof scheduleChange>>;
export type ChangedBy = ScheduleChange['changedBy'];

const textOf = (value: unknown): string => canonicalJson(value as never);

/** @param deployed if undefined, the server has lost this form, and all differences count as made there */
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

/** Since the last deploy. */
export function changesOnServer(
  onServer: ScheduleDefinition,
  deployed: ScheduleDefinition | undefined,
): ScheduleChange[] {
  return deployed ? differences(deployed, onServer, deployed) : [];
}

const NOTHING = 'none';

/** In words. */
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
