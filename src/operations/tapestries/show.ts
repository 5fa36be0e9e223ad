import { z } from 'zod';
import { recordOf } from '../../authoring';
import { nodeSha256 } from '../../backends';
import { budgetOf } from '../../plan';
import { planOf } from '../../runtime';
import { name } from '../fields';
import { question } from '../operation';
import { requireTapestry } from '../require-tapestry';
import { tapestryView, viewOf } from './view';

export const show = question({
  name: 'tapestries.show',
  summary: 'what a run of a tapestry would be: its parameters, its knots, and its load at most',
  description:
    'The tapestry is one of the given file. Parameters are described by JSON Schemas. Nothing is run.',
  group: 'write',
  isTool: true,
  at: ['tapestry'],
  ask: z.strictObject({ tapestry: name.describe('name of the tapestry') }),
  answer: tapestryView.extend({
    /** Upper bounds of a run; `events` and `executions` count its workflows on the server. */
    atMost: z.object({
      knots: z.int(),
      depth: z.int(),
      width: z.int(),
      events: z.int(),
      executions: z.int(),
    }),
  }),
  examples: [{ tapestry: 'nightly' }],
  inFull: true,
  /** @throws SelvageError `UnknownTapestry` */
  run(of, { tapestry: called }) {
    const tapestry = requireTapestry(of, called);
    const { loaded } = planOf(recordOf(tapestry), nodeSha256);
    const { knots, depth, width, events, executions } = budgetOf(loaded.layout);
    return { ...viewOf(tapestry, of.caller), atMost: { knots, depth, width, events, executions } };
  },
});
