import { z } from 'zod';
import { json, name, nothing } from '../fields';
import { act } from '../operation';
import { valueOf } from './given-values';

export const signal = act({
  name: 'runs.signal',
  summary: 'send a signal that a knot of a run waits for',
  description: 'Such as an approval. It cannot be taken back. `knots.show` tells the schema of the payload.',
  group: 'operate',
  isTool: true,
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    signal: name.describe('name of the signal'),
    payload: json.describe('what the schema of the waiting knot takes'),
    id: name
      .optional()
      .describe(
        'tells this signal from all others of the run: sent again under the same id, it is not taken twice',
      ),
  }),
  repeat: { key: 'id' },
  answer: nothing,
  at: ['runId', 'signal', 'payload'],
  examples: [{ runId: 'nightly-1', signal: 'approval', payload: { by: 'Anna' } }],
  /** @throws SelvageError `UnknownRun`, `NotDecodable`, `ServerUnreachable`, and as `RunHandle.signal` */
  async run({ reach }, { runId, signal: called, payload, id }) {
    const value = valueOf(payload);
    await reach.do((connection) => connection.getRun(runId).signal(called, value, { id }));
    return {};
  },
});
