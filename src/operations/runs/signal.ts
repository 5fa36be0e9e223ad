import { z } from 'zod';
import { json, name, waitTime } from '../fields';
import { act } from '../operation';
import { scopeMissing } from '../scope-missing';
import { SUMMARIES } from '../summaries';
import { opensValues } from '../surroundings';
import { valueOf } from './given-values';

/** Default wait for a worker, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Further wait for the run's own refusal, which tells more than a time limit. */
const BEYOND_MS = 10_000;

export const signal = act({
  name: 'runs.signal',
  ...SUMMARIES['runs.signal'],
  description:
    'Sends a run a signal, such as an approval, and says which knot takes it. It cannot be taken back. The payload is checked by the schema of ' +
    'the knots that wait for it, which `knots.show` tells; a wrong one is refused, and they go on waiting. One that comes before its wait has ' +
    'begun is kept.',
  isTool: true,
  needs: ['server'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    signal: name.describe('name of the signal'),
    payload: json.default(null).describe('what the schema of the waiting knot takes'),
    id: name
      .optional()
      .describe(
        'tells this signal from all others of the run: sent again under the same id, it is not taken twice, and what became of it is told',
      ),
    allowReferences: z
      .boolean()
      .optional()
      .describe(
        'the payload may refer to values in the data store ({"$type":"stored", …}), also of other runs',
      ),
    timeout: waitTime
      .optional()
      .describe(
        'how long to wait for a worker, which has the schemas: seconds, or such as 2m (default: 60s)',
      ),
  }),
  repeat: { key: 'id' },
  answer: z.object({
    runId: z.string(),
    signal: z.string(),
    /** Id of the knot that takes the signal; absent if it is kept for the next knot that waits for it. */
    takenBy: z.string().optional(),
  }),
  inFull: ['runId', 'signal', 'takenBy'],
  at: ['runId', 'signal', 'payload'],
  examples: [
    { runId: 'nightly-1', signal: 'approval', payload: { by: 'Anna' } },
    { runId: 'nightly-1', signal: 'paid', payload: { order: 7 }, id: 'order-7' },
  ],
  /** @throws SelvageError `NotDecodable`, `ScopeMissing`, `ServerUnreachable`, and as `RunHandle.signal` */
  async run(
    { reach, caller },
    { runId, signal: called, payload, id, allowReferences, timeout = PATIENCE_MS },
  ) {
    if (allowReferences && !opensValues(caller)) throw scopeMissing('values');
    const value = valueOf(payload, allowReferences);
    const { takenBy } = await reach.do(
      (connection) => connection.getRun(runId).signal(called, value, { id, timeout }),
      timeout + BEYOND_MS,
    );
    return { runId, signal: called, ...(takenBy !== undefined && { takenBy }) };
  },
});
