import { z } from 'zod';
import { json, name, startedRun } from '../fields';
import { act } from '../operation';
import { requireTapestry } from '../require-tapestry';
import { starterOf } from '../surroundings';
import { parametersOf } from './given-values';

export const start = act({
  name: 'runs.start',
  summary: 'start a run of a tapestry',
  description:
    'Answers its id at once. Its bodies run as soon as a worker takes it. `tapestries.show` tells its parameters.',
  group: 'start',
  isTool: true,
  ask: z.strictObject({
    tapestry: name.describe('name of the tapestry'),
    parameters: json.describe('its parameters by name'),
    runId: name.optional().describe('id of the run; the same id is never started twice'),
    idempotencyKey: name
      .optional()
      .describe(
        'names the work: a second start with it attaches to the run of the first, and needs no runId',
      ),
    tags: z
      .array(name)
      .max(100)
      .readonly()
      .optional()
      .describe('labels that lists of runs can be narrowed by'),
  }),
  repeat: { key: 'idempotencyKey' },
  answer: startedRun,
  inFull: ['runId'],
  at: ['tapestry'],
  examples: [{ tapestry: 'nightly', parameters: { day: '2026-03-01' } }],
  /** @throws SelvageError `UnknownTapestry`, `NotDecodable`, `ServerUnreachable`, and as `Connection.start` */
  async run(of, { tapestry: called, parameters, runId, idempotencyKey, tags }) {
    const tapestry = requireTapestry(of, called);
    const given = await parametersOf(tapestry, parameters);
    const run = await of.reach.do((connection) =>
      connection.start(tapestry, given, { ...starterOf(of.caller), runId, idempotencyKey, tags }),
    );
    return { runId: run.runId };
  },
});
