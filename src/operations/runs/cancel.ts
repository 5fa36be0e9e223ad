import { z } from 'zod';
import { name, nothing } from '../fields';
import { act } from '../operation';

export const cancel = act({
  name: 'runs.cancel',
  summary: 'ask a run to end: bodies are told, finished knots keep their outcomes',
  group: 'operate',
  ask: z.strictObject({ runId: name.describe('id of the run') }),
  repeat: 'same',
  answer: nothing,
  at: ['runId'],
  examples: [{ runId: 'nightly-1' }],
  /** @throws SelvageError `UnknownRun`, `ServerUnreachable` */
  async run({ reach }, { runId }) {
    await reach.do((connection) => connection.getRun(runId).cancel());
    return {};
  },
});
