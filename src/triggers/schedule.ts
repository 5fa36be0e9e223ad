import { type AnyTapestry, recordOf, type Tapestry } from '../authoring';
import { SelvageError } from '../errors';
import { checkName } from '../authoring/names';
import { duration, isBoolean, line, sayable, shown, type Check } from '../authoring/checks';
import { readOptions } from '../authoring/options';
import { Zone } from '../partitions';
import { CalendarProblem, ruleOfCalendar, rulesOfCron, type Calendar } from './calendar';
import { declareTrigger, type TriggerDeclaration } from './declaration';
import { durationMs, type Duration } from '../values/duration';
import { refusalOf, type Refusal } from '../authoring/refusal';
import { isText, ownerOf, requireTapestry } from './option-checks';
import { OVERLAPS, type Overlap } from './overlaps';
import type { TimePlan } from './planned-times';

/** The parameters without those that the schedule sets. */
export type ScheduledParameters<Parameters extends object, PlannedTime extends PropertyKey> = Omit<
  Parameters,
  PlannedTime | 'partition'
>;

interface Times {
  /**
   * A cron expression of five fields, or several expressions. As in crontab, restricted days of the month and
   * restricted days of the week match by either.
   */
  readonly cron?: string | readonly string[];
  /** A fixed interval of at least a second, at multiples since 1970 in UTC, whenever the schedule is deployed. */
  readonly every?: Duration;
  /** With `every`: an offset added to each time. Default 0. */
  readonly offset?: Duration;
  /** Times at which all fields of a calendar match; with several calendars, of any one. */
  readonly calendar?: Calendar | readonly Calendar[];
}

interface Options<Parameters extends object, PlannedTime extends keyof Parameters & string> extends Times {
  /** The schedule's id, unique in the namespace. Run ids add the planned time: `nightly-2026-01-31T02:00:00Z`. */
  readonly id: string;
  /** With `cron` and `calendar`: a time zone such as `Europe/Berlin`. Default `UTC`. */
  readonly timezone?: string;
  /** What happens at a planned time while an earlier run is unfinished. Default `skip`. */
  readonly overlap?: Overlap;
  /**
   * How late a run may start after an outage of the server. Planned times that are older are missed, and counted. The
   * delay is at least 10 s; default one day. Without a worker, runs start and wait.
   */
  readonly catchup?: Duration;
  /** Longest random delay of a run after its planned time; a planned time always has the same delay. Default 0. */
  readonly jitter?: Duration;
  /** The parameter for the planned time: a Date, or ISO text if its schema refuses a Date. Default: none. */
  readonly plannedTime?: PlannedTime;
  /** Whether all runs use the deploy's plan. Default false: runs use their worker's plan at the start. */
  readonly pin?: boolean;
  /** Tags of the runs; at most 100. */
  readonly tags?: readonly string[];
  /** Task queue of the runs. Default: the deploying client's task queue, else the tapestry's. */
  readonly taskQueue?: string;
}

export type ScheduleOptions<
  Parameters extends object = Record<string, unknown>,
  PlannedTime extends keyof Parameters & string = never,
> = Options<Parameters, PlannedTime> &
  (Record<never, never> extends ScheduledParameters<Parameters, PlannedTime>
    ? { readonly parameters?: ScheduledParameters<Parameters, PlannedTime> }
    : { readonly parameters: ScheduledParameters<Parameters, PlannedTime> });

/** Checked options, with defaults. */
export interface ScheduleSettings {
  /** As declared. */
  readonly cron?: readonly string[];
  readonly calendar?: readonly Calendar[];
  readonly everyMs?: number;
  readonly offsetMs?: number;
  readonly timezone: string;
  readonly overlap: Overlap;
  readonly catchupMs: number;
  readonly jitterMs: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly plannedTime?: string;
  readonly pin: boolean;
  readonly tags: readonly string[];
  readonly taskQueue?: string;
}

export type ScheduleDeclaration = TriggerDeclaration<'schedule', ScheduleSettings>;

const DAY_MS = 86_400_000;
/** The server's minimum. */
const SHORTEST_CATCHUP_MS = 10_000;
/** The limit of an id leaves room in run ids for the planned time. */
const LONGEST_ID = 150;

/**
 * Starts runs of a tapestry at planned times. A schedule is a declaration: export it beside the tapestry, and deploy it
 * with `selvage schedules deploy FILE`. The server then starts the runs, whether or not a process of yours runs; a run
 * waits for a worker like any other.
 *
 * @throws SelvageError `InvalidName` (of the id), `InvalidConfig`
 */
export function schedule<Parameters extends object, PlannedTime extends keyof Parameters & string = never>(
  tapestry: Tapestry<Parameters, object>,
  options: ScheduleOptions<Parameters, PlannedTime>,
): ScheduleDeclaration {
  requireTapestry('A schedule', tapestry);
  const owner = ownerOf('schedule', options, 'a schedule');
  const {
    parameters = {},
    cron,
    calendar,
    ...others
  } = options as Options<object, never> & {
    parameters?: unknown;
  };
  const read = readOptions<Omit<Options<object, never>, 'cron' | 'calendar'>>(owner, others, SCHEDULE_CHECKS);
  const refuse = refusalOf(owner);
  checkName('schedule', read.id);
  if (read.id.length > LONGEST_ID)
    throw refuse('id', `must have at most ${LONGEST_ID} characters, because run ids begin with it`);
  const given = [cron, calendar, read.every].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new SelvageError(
      'InvalidConfig',
      `${capital(owner)} says ${given.length === 0 ? 'no times' : 'its times in several ways'}. Give one of cron, every and calendar.`,
      { details: { owner, option: 'cron', reason: given.length === 0 ? 'MissingPart' : 'Conflict' } },
    );
  }
  if (read.offset !== undefined && read.every === undefined)
    throw refuse('offset', 'goes with "every" only', 'NotApplicable');
  if (read.timezone !== undefined && read.every !== undefined)
    throw refuse(
      'timezone',
      'goes with "cron" and "calendar": equal distances are the same in all',
      'NotApplicable',
    );
  const settings: ScheduleSettings = {
    ...timesOf({ cron, calendar, every: read.every, offset: read.offset }, refuse),
    timezone: read.timezone ?? 'UTC',
    overlap: read.overlap ?? 'skip',
    catchupMs: durationMs(read.catchup ?? DAY_MS)!,
    jitterMs: durationMs(read.jitter ?? 0)!,
    parameters: parametersOf(parameters, refuse),
    ...(read.plannedTime !== undefined && { plannedTime: read.plannedTime }),
    pin: read.pin ?? false,
    tags: read.tags ?? [],
    ...(read.taskQueue !== undefined && { taskQueue: read.taskQueue }),
  };
  checkParameters(tapestry, settings, refuse);
  return declareTrigger({ kind: 'schedule', id: read.id, tapestry, options: Object.freeze(settings) });
}

export function isSchedule(declaration: TriggerDeclaration): declaration is ScheduleDeclaration {
  return declaration.kind === 'schedule';
}

export function planOfSchedule(settings: ScheduleSettings): TimePlan {
  const { cron = [], calendar = [], everyMs, offsetMs = 0, timezone } = settings;
  if (everyMs !== undefined) return { everyMs, offsetMs };
  return { rules: [...cron.flatMap(rulesOfCron), ...calendar.map(ruleOfCalendar)], timezone };
}

const wholeSeconds = (least: number): Check =>
  sayable(
    'duration',
    (value) =>
      duration(least)(value) ?? (durationMs(value)! % 1_000 === 0 ? undefined : 'must be whole seconds'),
  );

export const SCHEDULE_CHECKS = {
  id: isText,
  every: wholeSeconds(1_000),
  offset: wholeSeconds(0),
  timezone: sayable('text', (value) => {
    if (typeof value !== 'string') return 'must be a text such as "Europe/Berlin"';
    try {
      new Zone(value);
      return undefined;
    } catch {
      return 'must be the name of a time zone, such as "Europe/Berlin" or "UTC"';
    }
  }),
  overlap: sayable({ oneOf: OVERLAPS }, (value) =>
    (OVERLAPS as readonly unknown[]).includes(value)
      ? undefined
      : `must be one of ${OVERLAPS.map((one) => `"${one}"`).join(', ')}`,
  ),
  catchup: duration(SHORTEST_CATCHUP_MS),
  jitter: duration(0),
  plannedTime: sayable('text', (value) =>
    typeof value === 'string' ? undefined : 'must be the name of a parameter of the tapestry',
  ),
  pin: isBoolean,
  tags: sayable('texts', (value) =>
    Array.isArray(value) && value.length <= 100 && value.every((tag) => line()(tag) === undefined)
      ? undefined
      : 'must be a list of at most 100 texts, each a single line',
  ),
  taskQueue: line(),
};

function capital(text: string): string {
  return text.startsWith('a ') ? `A${text.slice(1)}` : `The trigger ${text}`;
}

function timesOf(
  { cron, calendar, every, offset }: Times,
  refuse: Refusal,
): Pick<ScheduleSettings, 'cron' | 'calendar' | 'everyMs' | 'offsetMs'> {
  if (every !== undefined) return { everyMs: durationMs(every)!, offsetMs: durationMs(offset ?? 0)! };
  if (cron !== undefined) {
    const expressions: readonly unknown[] = Array.isArray(cron) ? cron : [cron];
    if (expressions.length === 0) throw refuse('cron', 'must have an expression');
    for (const expression of expressions) {
      if (typeof expression !== 'string')
        throw refuse('cron', `must be a text such as "0 2 * * *", and is ${shown(expression)}`);
      readTimes('cron', shown(expression), () => rulesOfCron(expression), refuse);
    }
    return { cron: Object.freeze((expressions as readonly string[]).map((text) => text.trim())) };
  }
  const calendars: readonly unknown[] = Array.isArray(calendar) ? calendar : [calendar];
  if (calendars.length === 0) throw refuse('calendar', 'must have an entry');
  for (const one of calendars) {
    if (typeof one !== 'object' || one === null || Array.isArray(one))
      throw refuse('calendar', `must be an object such as { hour: 2 }, and is ${shown(one)}`);
    readTimes('calendar', JSON.stringify(one), () => [ruleOfCalendar(one)], refuse);
  }
  return { calendar: Object.freeze(calendars.map((one) => Object.freeze({ ...(one as Calendar) }))) };
}

function readTimes(option: string, what: string, read: () => unknown, refuse: Refusal): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof CalendarProblem)) throw error;
    throw refuse(option, `is ${what}, which ${error.message}`);
  }
}

function parametersOf(given: unknown, refuse: Refusal): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw refuse('parameters', `must be an object such as { name: value }, and is ${shown(given)}`);
  return Object.freeze({ ...given });
}

/** Checks names only. Schemas, which may be asynchronous, check the values at the deploy. */
function checkParameters(
  tapestry: AnyTapestry,
  { parameters, plannedTime }: ScheduleSettings,
  refuse: Refusal,
): void {
  const known = [...recordOf(tapestry).parameters.keys()];
  const those = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  for (const name of Object.keys(parameters)) {
    if (!known.includes(name))
      throw refuse('parameters', `has "${name}", which tapestry "${tapestry.name}" does not take; ${those}`);
  }
  if (plannedTime === undefined) return;
  if (!known.includes(plannedTime))
    throw refuse(
      'plannedTime',
      `names "${plannedTime}", which is no parameter of tapestry "${tapestry.name}"; ${those}`,
    );
  if (Object.hasOwn(parameters, plannedTime))
    throw refuse('plannedTime', `names "${plannedTime}", which "parameters" gives, too`, 'Conflict');
}
