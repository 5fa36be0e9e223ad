import { z } from 'zod';
import { name, startedRun } from '../fields';
import { act } from '../operation';

const MOST_KNOTS = 10_000;

export const resumeAsk = z.strictObject({
  runId: name.describe('id of the run that is over'),
  from: z
    .array(name)
    .max(MOST_KNOTS)
    .readonly()
    .optional()
    .describe('ids of the knots to run again, with everything downstream; default: those that are not Ok'),
});

export const resume = act({
  name: 'runs.resume',
  summary: 'start a run that takes over every Ok outcome of another one, and runs the rest',
  group: 'start',
  isTool: true,
  ask: resumeAsk,
  repeat: 'again',
  answer: startedRun,
  inFull: ['runId'],
  at: ['runId'],
  examples: [{ runId: 'nightly-1' }, { runId: 'nightly-1', from: ['report'] }],
  /** @throws SelvageError `UnknownRun`, `RunNotOver`, `UnknownKnot`, `NotResumable`, `ServerUnreachable` */
  async run({ reach, caller: { actor } }, { runId, from }) {
    // The caller has seen the run's outcome, so a run may be resumed again.
    const resumed = await reach.do((connection) =>
      connection.resume(runId, { allowDuplicate: true, actor, from }),
    );
    return { runId: resumed.runId };
  },
});
