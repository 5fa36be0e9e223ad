import { SelvageError } from '../errors';
import { withPlannedTime } from '../runtime';
import { runLocally, type LocalRun, type RunLocallyOptions } from '../in-process/run-locally';
import { recordOf, type Tapestry } from '../authoring';
import {
  isSchedule,
  planOfSchedule,
  plannedTimes,
  triggerName,
  type CronTriggerDeclaration,
  type ScheduleDeclaration,
  type TimePlan,
} from '../triggers';

export interface RunPlannedOptions extends RunLocallyOptions {
  /** Only planned times after this one are run. */
  readonly from: Date;
  /** Maximum number of runs. Default 1. */
  readonly runs?: number;
  /** The tapestry for a trigger that was declared without one. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a tapestry of whatever parameters and values
  readonly tapestry?: Tapestry<any, any>;
}

/** A run in this process that was made for a planned time. */
export interface PlannedRun {
  readonly planned: Date;
  readonly result: LocalRun<Record<string, unknown>>;
}

/**
 * Runs a schedule or a `cronTrigger` at its planned times, in this process and without waiting, like `runLocally`:
 * for tests without a server. Jitter, overlap and catch-up belong to the server and are not simulated.
 *
 * @throws SelvageError `InvalidConfig` (there is no tapestry), `InvalidParameters`, and as `runLocally`
 */
export async function runPlanned(
  trigger: ScheduleDeclaration | CronTriggerDeclaration,
  { from, runs = 1, tapestry = trigger.tapestry, ...options }: RunPlannedOptions,
): Promise<PlannedRun[]> {
  if (!tapestry) {
    throw new SelvageError(
      'InvalidConfig',
      `The trigger ${triggerName(trigger)} was declared without a tapestry. Give one as the option "tapestry".`,
      { details: { trigger: triggerName(trigger), option: 'tapestry', reason: 'MissingPart' } },
    );
  }
  const made: PlannedRun[] = [];
  for (const time of plannedTimes(planOf(trigger), from.getTime())) {
    const planned = new Date(time);
    const name = isSchedule(trigger) ? trigger.options.plannedTime : undefined;
    const { parameters } = trigger.options;
    const given = await withPlannedTime(recordOf(tapestry), parameters, name, planned.toISOString());
    made.push({ planned, result: await runLocally(tapestry, given as object, options) });
    if (made.length >= runs) break;
  }
  return made;
}

function planOf(trigger: ScheduleDeclaration | CronTriggerDeclaration): TimePlan {
  return isSchedule(trigger)
    ? planOfSchedule(trigger.options)
    : { everyMs: trigger.options.everyMs, offsetMs: 0 };
}
