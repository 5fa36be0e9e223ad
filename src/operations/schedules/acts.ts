import { z } from 'zod';
import type { Schedules } from '../../connection/schedules';
import { name, nothing } from '../fields';
import { act, type Act } from '../operation';
import { byWhom } from '../surroundings';

const ask = z.strictObject({ schedule: name.describe('id of the schedule') });

/** An act on one schedule. */
function scheduleAct<Verb extends string>(
  verb: Verb,
  summary: string,
  carryOut: (schedules: Schedules, id: string, note: string) => Promise<unknown>,
): Act<`schedules.${Verb}`, typeof ask, typeof nothing> {
  return act({
    name: `schedules.${verb}`,
    summary,
    group: 'operate',
    ask,
    repeat: verb === 'trigger' ? 'again' : 'same',
    answer: nothing,
    at: ['schedule'],
    examples: [{ schedule: 'nightly' }],
    /** @throws SelvageError `UnknownSchedule`, `ServerUnreachable` */
    async run({ reach, caller }, { schedule }) {
      await reach.do(({ schedules }) => carryOut(schedules, schedule, byWhom(caller)));
      return {};
    },
  });
}

export const pause = scheduleAct(
  'pause',
  'make a schedule start nothing until it is resumed',
  (schedules, id, note) => schedules.pause(id, `Paused ${note}`),
);

export const resume = scheduleAct('resume', 'let a paused schedule go on', (schedules, id, note) =>
  schedules.resume(id, `Resumed ${note}`),
);

export const trigger = scheduleAct('trigger', 'start a run of a schedule now', (schedules, id) =>
  schedules.trigger(id),
);
