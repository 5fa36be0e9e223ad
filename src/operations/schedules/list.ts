import { z } from 'zod';
import { list as listOf } from '../fields';
import { question } from '../operation';
import { scheduleView, viewOf } from './view';

export const list = question({
  name: 'schedules.list',
  summary: 'schedules, with their next times and last runs',
  group: 'see',
  needs: ['server'],
  ask: z.strictObject({}),
  answer: z.object({
    items: listOf(scheduleView),
    /** Schedules that this process cannot read, mostly for lack of a key. */
    unreadable: listOf(z.object({ id: z.string(), code: z.string(), message: z.string() })),
  }),
  examples: [{}],
  /** @throws SelvageError `ServerUnreachable`: only the server knows the schedules */
  async run({ reach, caller }) {
    const all = await reach.do(({ schedules }) => schedules.list());
    return {
      items: all.flatMap((one) => ('unreadable' in one ? [] : [viewOf(one, caller)])),
      unreadable: all.flatMap((one) => ('unreadable' in one ? [{ id: one.id, ...one.unreadable }] : [])),
    };
  },
});
