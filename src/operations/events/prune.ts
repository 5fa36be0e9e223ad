import { z } from 'zod';
import { Events } from '../../connection/prune-events';
import { durationWords } from '../../values/duration';
import { duration, instant } from '../fields';
import { act } from '../operation';

export const prune = act({
  name: 'events.prune',
  summary: 'remove events that have started runs long ago',
  description:
    "Removes events that have started runs longer ago; runs and their records stay. The time must be longer than the server keeps runs, and longer than a source delivers an event late (a topic's retention).",
  group: 'operate',
  needs: ['server'],
  ask: z.strictObject({ olderThan: duration.describe('events that came longer ago, such as 365d') }),
  repeat: 'same',
  confirm: ({ olderThan }) =>
    `Remove the events that came more than ${durationWords(olderThan)} ago from the record of what has started runs?`,
  answer: z.object({
    /** The time before which events are removed. */
    until: instant,
    events: z.int(),
  }),
  examples: [{ olderThan: '365d' }],
  /** @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `ServerRefused`, `BackendUnavailable` */
  run: async ({ reach }, ask) => await reach.do(({ across }) => new Events(across).prune(ask)),
});
