import { z } from 'zod';
import { deadLetter, streamPartition, streamStanding } from '../../connection/stream-state';
import { placesOf } from '../../connection/streams';
import { list, name } from '../fields';
import { question } from '../operation';

const MOST_PARTITIONS = 100;

const shownStream = streamStanding.pick({ gaps: true }).extend({
  /** The first of them by name. */
  partitions: z.object({ items: list(streamPartition), total: z.int() }),
  /** The newest of each kind. */
  deadLetters: z.object({ items: list(deadLetter) }),
});
export type ShownStream = Readonly<z.output<typeof shownStream>>;

export const show = question({
  name: 'streams.show',
  summary: 'how far a stream is, by partition, and the elements that failed',
  group: 'operate',
  ask: z.strictObject({ stream: name.describe('id of the stream') }),
  answer: shownStream,
  at: ['stream'],
  examples: [{ stream: 'orders' }],
  /** @throws SelvageError `UnknownStream`, `ServerUnreachable` */
  async run({ reach }, { stream: id }) {
    const { state, deadLetters } = await reach.do(async ({ streams }) => ({
      state: await streams.status(id),
      deadLetters: await streams.deadLetters(id),
    }));
    const partitions = placesOf(state);
    return {
      partitions: { items: partitions.slice(0, MOST_PARTITIONS), total: partitions.length },
      ...(state.gaps && { gaps: state.gaps }),
      deadLetters,
    };
  },
});
