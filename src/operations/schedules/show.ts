import { z } from 'zod';
import { list, name, runStatus } from '../fields';
import { question } from '../operation';
import { scheduleView, viewOf } from './view';

export const show = question({
  name: 'schedules.show',
  summary: 'show a schedule: its next ten times, its last runs, and what was changed on the server',
  group: 'see',
  needs: ['server'],
  ask: z.strictObject({ schedule: name.describe('id of the schedule') }),
  answer: scheduleView.extend({
    recent: list(
      scheduleView.shape.recent.unwrap().element.extend({
        /** Status of the run; absent if no worker has begun it. */
        status: runStatus.optional(),
      }),
    ),
  }),
  inFull: ['parameters'],
  at: ['schedule'],
  examples: [{ schedule: 'nightly' }],
  /** @throws SelvageError `UnknownSchedule`, `ServerUnreachable`, `BackendUnavailable` */
  async run({ reach, caller }, { schedule }) {
    const { runs, ...state } = await reach.do(({ schedules }) => schedules.show(schedule));
    const recent = runs.map(({ record, ...run }) => ({ ...run, status: record?.status }));
    return { ...viewOf(state, caller), recent };
  },
});
