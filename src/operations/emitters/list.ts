import { z } from 'zod';
import { readEmitters } from '../../deliveries';
import { emitterReport } from '../../deliveries/report';
import { list as listOf } from '../fields';
import { question } from '../operation';

export const list = question({
  name: 'emitters.list',
  summary: 'who hears of runs: how far each emitter is, what failed, and what it gave up',
  description: 'Reads the records alone.',
  group: 'operate',
  ask: z.strictObject({}),
  answer: z.object({ items: listOf(emitterReport) }),
  examples: [{}],
  /** @throws SelvageError `BackendUnavailable` */
  run: async ({ backends }) => ({ items: await readEmitters(backends) }),
});
