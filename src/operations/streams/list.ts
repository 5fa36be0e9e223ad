import { z } from 'zod';
import { streamStanding } from '../../connection/stream-state';
import { streamName } from '../../streams';
import { list as listOf } from '../fields';
import { question } from '../operation';

const streamView = streamStanding.extend({
  /** Value of `trigger` of its runs. */
  trigger: z.string(),
});
export type StreamView = Readonly<z.output<typeof streamView>>;

export const list = question({
  name: 'streams.list',
  summary: 'which streams there are, who reads them, how fast they are and what holds them up',
  group: 'operate',
  ask: z.strictObject({}),
  answer: z.object({ items: listOf(streamView) }),
  examples: [{}],
  /** @throws SelvageError `ServerUnreachable`: only the server knows the streams */
  async run({ reach }) {
    const all = await reach.do(({ streams }) => streams.list());
    return { items: all.map(({ checkpoint: _, ...state }) => ({ ...state, trigger: streamName(state.id) })) };
  },
});
