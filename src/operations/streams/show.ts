import { z } from 'zod';
import { deadLetter, streamPartition } from '../../connection/stream-state';
import { placesOf } from '../../connection/streams';
import { list, name } from '../fields';
import { question } from '../operation';
import { streamView, viewOf } from './list';

const MOST_PARTITIONS = 100;

const shownStream = streamView.extend({
  partitions: z.object({ items: list(streamPartition), total: z.int() }),
  deadLetters: z.object({ items: list(deadLetter) }),
});
export type ShownStream = Readonly<z.output<typeof shownStream>>;

export const show = question({
  name: 'streams.show',
  summary: 'how a stream stands, how far it is by partition, and the elements that failed',
  description:
    'Shows who reads a stream, how fast and how far behind; its checkpoint, its newest dead letters, and what was lost before it could be read.',
  group: 'operate',
  needs: ['server'],
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
      ...viewOf(state),
      partitions: { items: partitions.slice(0, MOST_PARTITIONS), total: partitions.length },
      deadLetters,
    };
  },
});
