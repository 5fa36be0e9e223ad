import {
  DAYS_OF_WEEK,
  MONTHS,
  type CalendarSpec,
  type CalendarSpecDescription,
  type IntervalSpecDescription,
  type ScheduleDescription,
  type ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import type { Priority } from '@temporalio/common';
import { z } from 'zod';
import { BACKFILL, type BackfillInput } from '../../backfills';
import { encodeJson, type Json } from '../../values';
import {
  cronText,
  durationWords,
  planOfSchedule,
  rangesOf,
  type CalendarRule,
  type Overlap,
  type ScheduleDeclaration,
  type TimePlan,
} from '../../triggers';
import { OVERLAPS } from '../../triggers/overlaps';
import { MEMO_KEY, type RunMemo } from '../../workflows/messages';

/** Key in the memo of a schedule's runs for its {@link ScheduleDefinition} and {@link DeploymentInfo}. */
export const SCHEDULE_MEMO_KEY = 'selvage.schedule';

/** Comparable form of a schedule: declared, on the server, or last deployed. Excludes operators' pauses and notes. */
export const scheduleDefinition = z.object({
  tapestry: z.string(),
  taskQueue: z.string(),
  times: z.custom<ScheduleTimes>(),
  timezone: z.string(),
  overlap: z.enum(OVERLAPS),
  catchupMs: z.number(),
  jitterMs: z.number(),
  parameters: z.json(),
  /** The parameter that gets the planned time. */
  plannedTime: z.string().nullable(),
  /** Hash of the plan of the schedule's runs; null for the worker's current plan. */
  plan: z.string().nullable(),
  tags: z.array(z.string()).readonly(),
  /** The fairness key of the schedule's runs. */
  fairnessKey: z.string().nullable(),
  /** Settings on the server that our deploys never make. */
  others: z.record(z.string(), z.json()),
});
export type ScheduleDefinition = Readonly<z.output<typeof scheduleDefinition>>;

/** The rules of the times, sorted by their texts. */
export type ScheduleTimes =
  { readonly rules: readonly CalendarRule[] } | { readonly intervals: readonly IntervalForm[] };

interface IntervalForm {
  readonly everyMs: number;
  readonly offsetMs: number;
}

export const deploymentInfo = z.object({
  /** The owner (by default, project and file), whose deploys alone change or prune the schedule. */
  source: z.string(),
  actor: z.string().nullable(),
  commit: z.string().nullable(),
});
export type DeploymentInfo = Readonly<z.output<typeof deploymentInfo>>;

interface Surroundings {
  readonly taskQueue: string;
  readonly priority: Priority | undefined;
  readonly plan: string;
}

export function formOfDeclaration(
  { tapestry, options }: ScheduleDeclaration,
  { taskQueue, priority, plan }: Surroundings,
): ScheduleDefinition {
  const { timezone, overlap, catchupMs, jitterMs, parameters, plannedTime, pin, tags } = options;
  return {
    tapestry: tapestry!.name,
    taskQueue,
    times: timesOfPlan(planOfSchedule(options)),
    timezone,
    overlap,
    catchupMs,
    jitterMs,
    parameters: encodeJson(parameters),
    plannedTime: plannedTime ?? null,
    plan: pin ? plan : null,
    tags: [...tags],
    fairnessKey: priority?.fairnessKey ?? null,
    others: {},
  };
}

function timesOfPlan(plan: TimePlan): ScheduleTimes {
  if ('rules' in plan) return { rules: inOrder(plan.rules) };
  return { intervals: [{ everyMs: plan.everyMs, offsetMs: plan.offsetMs % plan.everyMs }] };
}

function inOrder(rules: readonly CalendarRule[]): CalendarRule[] {
  const byText = new Map(rules.map((rule) => [cronText(rule), rule]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
}

const OVERLAP_WORDS: Readonly<Record<NonNullable<ScheduleOverlapPolicy>, Overlap>> = {
  SKIP: 'skip',
  BUFFER_ONE: 'buffer-one',
  BUFFER_ALL: 'buffer-all',
  CANCEL_OTHER: 'cancel-other',
  TERMINATE_OTHER: 'terminate-other',
  ALLOW_ALL: 'allow-all',
};

export function overlapPolicy(overlap: Overlap): NonNullable<ScheduleOverlapPolicy> {
  return overlap.replace('-', '_').toUpperCase() as NonNullable<ScheduleOverlapPolicy>;
}

export function formOfDescription(description: ScheduleDescription): ScheduleDefinition {
  const { spec, action, policies } = description;
  const { calendars = [], intervals = [], skip = [], jitter, timezone, startAt, endAt } = spec;
  const memo = (action.memo?.[MEMO_KEY] ?? {}) as RunMemo;
  const rules = calendars.map(ruleOfCalendar);
  const hasBoth = rules.length > 0 && intervals.length > 0;
  const others: Record<string, unknown> = {
    ...(hasBoth && { intervals: intervals.map(intervalOf) }),
    ...(skip.length > 0 && { skip: skip.map((one) => cronText(ruleOfCalendar(one))) }),
    ...(startAt && { startAt: startAt.toISOString() }),
    ...(endAt && { endAt: endAt.toISOString() }),
    ...(policies.pauseOnFailure && { pauseOnFailure: true }),
    ...(action.workflowId !== description.scheduleId && { workflowId: action.workflowId }),
    ...(action.args !== undefined && action.args.length > 1 && { arguments: action.args.length }),
  };
  return {
    tapestry: action.workflowType,
    taskQueue: action.taskQueue,
    times:
      intervals.length > 0 && !hasBoth ? { intervals: intervals.map(intervalOf) } : { rules: inOrder(rules) },
    timezone: timezone === undefined || timezone === '' ? 'UTC' : timezone,
    overlap: OVERLAP_WORDS[policies.overlap ?? 'SKIP'],
    catchupMs: policies.catchupWindow,
    jitterMs: jitter ?? 0,
    parameters: (action.args?.[0] ?? {}) as Json,
    plannedTime: memo.plannedTime ?? null,
    plan: memo.plan ?? null,
    tags: memo.tags ?? [],
    fairnessKey: action.priority?.fairnessKey || null,
    others: others as Record<string, Json>,
  };
}

/** The server omits an offset of zero. */
function intervalOf({ every, offset }: Partial<IntervalSpecDescription>): IntervalForm {
  return { everyMs: every ?? 0, offsetMs: offset === undefined || !every ? 0 : offset % every };
}

function ruleOfCalendar(calendar: CalendarSpecDescription): CalendarRule {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = calendar;
  const months = month.map(({ start, end, step }) => ({
    start: MONTHS.indexOf(start) + 1,
    end: MONTHS.indexOf(end) + 1,
    step,
  }));
  const days = dayOfWeek.map(({ start, end, step }) => ({
    start: DAYS_OF_WEEK.indexOf(start),
    end: DAYS_OF_WEEK.indexOf(end),
    step,
  }));
  return {
    second: numbersOf(second),
    minute: numbersOf(minute),
    hour: numbersOf(hour),
    dayOfMonth: numbersOf(dayOfMonth),
    month: numbersOf(months),
    dayOfWeek: numbersOf(days),
    year: numbersOf(year),
  };
}

interface DescribedRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function numbersOf(ranges: readonly DescribedRange[]): number[] {
  const numbers = new Set<number>();
  for (const { start, end, step } of ranges)
    for (let number = start; number <= Math.max(start, end); number += Math.max(step, 1)) numbers.add(number);
  return [...numbers].sort((one, other) => one - other);
}

/** The declared work of the runs; for a partitioned tapestry, a backfill's request contains it. */
export function startedBy({ tapestry, parameters, plan }: ScheduleDefinition): {
  readonly tapestry: string;
  readonly parameters: unknown;
  readonly plan: string | null;
  readonly isBackfill: boolean;
} {
  const { request } = (parameters ?? {}) as { readonly request?: BackfillInput };
  if (tapestry !== BACKFILL || typeof request?.tapestry !== 'string')
    return { tapestry, parameters, plan, isBackfill: false };
  const ofRuns = { parameters: request.parameters ?? {}, plan: request.plan ?? null };
  return { tapestry: request.tapestry, ...ofRuns, isBackfill: true };
}

export function specOf({ times, timezone, jitterMs }: ScheduleDefinition): ScheduleSpec {
  return {
    ...('rules' in times
      ? { calendars: times.rules.map(calendarOf) }
      : {
          intervals: times.intervals.map(({ everyMs, offsetMs }) => ({ every: everyMs, offset: offsetMs })),
        }),
    timezone,
    ...(jitterMs > 0 && { jitter: jitterMs }),
  };
}

function calendarOf(rule: CalendarRule): CalendarSpec {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = rule;
  return {
    second: rangesOf(second),
    minute: rangesOf(minute),
    hour: rangesOf(hour),
    dayOfMonth: rangesOf(dayOfMonth),
    month: rangesOf(month).map(({ start, end, step }) => ({
      start: MONTHS[start - 1]!,
      end: MONTHS[end - 1]!,
      step,
    })),
    dayOfWeek: rangesOf(dayOfWeek).map(({ start, end, step }) => ({
      start: DAYS_OF_WEEK[start]!,
      end: DAYS_OF_WEEK[end]!,
      step,
    })),
    ...(year.length > 0 && { year: rangesOf(year) }),
    comment: cronText(rule),
  };
}

/** Describes times, such as `0 2 * * *` or `every 15 minutes`. */
export function timesText(times: ScheduleTimes): string {
  if ('rules' in times) return times.rules.map(cronText).join(' or ') || 'never';
  return times.intervals
    .map(
      ({ everyMs, offsetMs }) =>
        `every ${durationWords(everyMs)}${offsetMs === 0 ? '' : `, ${durationWords(offsetMs)} later`}`,
    )
    .join(' or ');
}
