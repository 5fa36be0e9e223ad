import { z } from 'zod';
import { explainCache } from '../../records/questions';
import { cacheExplanation } from '../../records/questions/explain-cache';
import { recordInCamelCase } from '../../values/answer-json';
import { name } from '../fields';
import { recordView } from '../lineage/record';
import { question } from '../operation';

export const explain = question({
  name: 'cache.explain',
  summary: 'why the value of a knot was reused, or why not',
  description:
    'Tells whether the value of a knot was reused, and which run and knot made it. If not, tells why, and which part of the cache key ' +
    '(version, source of the body, an input) differs from the nearest earlier knot.',
  group: 'see',
  at: ['runId', 'knotId'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    knotId: name.describe('id of the knot, or of an element of a map'),
  }),
  answer: cacheExplanation.extend({ record: recordView }),
  inFull: true,
  examples: [{ runId: 'nightly-1', knotId: 'load' }],
  /** @throws SelvageError `UnknownRun`, `UnknownKnot`, `BackendUnavailable`, `InvalidPlan` */
  async run({ backends }, { runId, knotId }) {
    const { record, ...explanation } = await explainCache(backends, runId, knotId);
    return { ...explanation, record: recordInCamelCase(record) };
  },
});
