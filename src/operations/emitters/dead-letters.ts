import { z } from 'zod';
import { requireEmitter, requireFeed } from '../../deliveries';
import { cursor, instant, limit, name, page } from '../fields';
import { question } from '../operation';

export const deadLetters = question({
  name: 'emitters.deadLetters',
  summary: 'events that an emitter gave up, and why',
  description: 'Lists the dead letters of an emitter: the events that it gave up, the newest first.',
  group: 'operate',
  needs: ['changes'],
  ask: z.strictObject({ emitter: name.describe('name of the emitter'), limit: limit(1_000, 50), cursor }),
  answer: page(
    z.object({
      eventId: z.string(),
      runId: z.string(),
      knotId: z.string().optional(),
      reason: z.string(),
      at: instant,
      /** Whether the dead letter waits for another delivery. */
      redriven: z.boolean(),
    }),
  ),
  at: ['emitter'],
  examples: [{ emitter: 'to-billing' }],
  /** @throws SelvageError `UnknownEmitter`, `InvalidCursor`, `BackendUnavailable` */
  async run({ backends }, { emitter, limit: most, cursor: after }) {
    await requireEmitter(backends, emitter);
    const table = requireFeed(backends.runHistory).emitterTableBeside();
    const given = await table.deadLetters(emitter, {
      limit: most,
      ...(after !== undefined && { cursor: after }),
    });
    return {
      items: given.items.map(({ eventId, change, reason, at, redrivenAt }) => ({
        eventId,
        runId: change.run_id,
        knotId: change.knot_id,
        reason,
        at,
        redriven: redrivenAt !== null,
      })),
      cursor: given.cursor,
    };
  },
});
