import { z } from 'zod';
import { OUTCOME_KINDS } from '../../authoring/outcome';
import { SelvageError } from '../../errors';
import { getRun, resolveHash } from '../../records/questions';
import { recordInCamelCase } from '../../values/answer-json';
import { TIME_FORMS } from '../../values/past-time';
import { cursor, flagged, hash, limit, name, page, time } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';
import { recordView } from './record';

export const list = question({
  name: 'lineage.list',
  ...SUMMARIES['lineage.list'],
  description:
    'Lists lineage records, newest first: of a run, of a knot or a definition over all runs, of what made a value, of what used one. ' +
    'At least one condition is needed, and all that are given must hold.',
  isTool: true,
  readsCapsules: true,
  ask: z.strictObject({
    runId: flagged(name.optional().describe('records of this run'), { flag: 'run', placeholder: 'run-id' }),
    knotId: flagged(name.optional().describe('records of the knot with this id'), {
      flag: 'knot',
      placeholder: 'id',
    }),
    definition: name.optional().describe('records of all knots of this definition'),
    outputHash: flagged(hash.optional().describe('who made the value whose hash is this or begins like it'), {
      flag: 'output',
      placeholder: 'hash',
    }),
    inputHash: flagged(hash.optional().describe('who took the value whose hash is this or begins like it'), {
      flag: 'input',
      placeholder: 'hash',
    }),
    outcome: z.enum(OUTCOME_KINDS).optional().describe('records with this outcome'),
    since: time.describe(`of knots that finished then or later: ${TIME_FORMS}`),
    until: time.describe('of knots that finished before that'),
    limit: limit(1_000, 50),
    cursor,
  }),
  answer: page(recordView),
  inFull: true,
  examples: [
    { runId: 'nightly-1' },
    { knotId: 'answer', limit: 5 },
    { inputHash: 'sha256:4f2a' },
    { definition: 'fetch', outcome: 'err', since: '2h' },
  ],
  /**
   * @throws SelvageError `InvalidRequest`, `UnknownRun`, `UnknownValue`, `AmbiguousHash`, `InvalidQuery`,
   *   `BackendUnavailable`
   */
  async run({ backends: { runHistory } }, { limit: most, cursor: after, ...conditions }) {
    const { runId, outputHash, inputHash } = conditions;
    if (Object.values(conditions).every((condition) => condition === undefined))
      throw new SelvageError(
        'InvalidRequest',
        'Say what to look for: a run, a knot, a definition, the hash of an output or an input, an outcome, a time (since, until), or several of them.',
      );
    const found = await runHistory.findLineage({
      ...conditions,
      outputHash: outputHash && (await resolveHash(runHistory, outputHash)),
      inputHash: inputHash && (await resolveHash(runHistory, inputHash)),
      limit: most,
      cursor: after,
    });
    if (found.items.length === 0 && runId !== undefined) await getRun(runHistory, runId);
    return { items: found.items.map(recordInCamelCase), cursor: found.cursor };
  },
});
