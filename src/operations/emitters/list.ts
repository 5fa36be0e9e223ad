import { z } from 'zod';
import { readEmitters } from '../../deliveries';
import { emitterReport } from '../../deliveries/report';
import { list as listOf } from '../fields';
import { question } from '../operation';

export const list = question({
  name: 'emitters.list',
  summary: 'who hears of runs: how far each emitter is, what failed, and what it gave up',
  description:
    'Lists all emitters that have begun, with their process, lag, failures and dead letters. Reads the records alone.',
  group: 'operate',
  needs: ['changes'],
  ask: z.strictObject({}),
  answer: z.object({ items: listOf(emitterReport) }),
  examples: [{}],
  /** @throws SelvageError `BackendUnavailable` */
  run: async ({ backends }) => ({ items: await readEmitters(backends) }),
});
