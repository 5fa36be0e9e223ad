import { z } from 'zod';
import { streamStanding, type StreamState } from '../../connection/stream-state';
import { streamName } from '../../streams';
import { list as listOf } from '../fields';
import { question } from '../operation';

export const streamView = streamStanding.extend({
  /** The `trigger` of the stream's runs. */
  trigger: z.string(),
});
export type StreamView = Readonly<z.output<typeof streamView>>;

export const list = question({
  name: 'streams.list',
  summary: 'streams, with readers, rates, lag and problems',
  group: 'operate',
  needs: ['server'],
  ask: z.strictObject({}),
  answer: z.object({ items: listOf(streamView) }),
  examples: [{}],
  /** @throws SelvageError `ServerUnreachable`: only the server knows the streams */
  run: async ({ reach }) => ({ items: (await reach.do(({ streams }) => streams.list())).map(viewOf) }),
});

export function viewOf({ checkpoint: _, ...standing }: StreamState): StreamView {
  return { ...standing, trigger: streamName(standing.id) };
}
