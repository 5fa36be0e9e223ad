import { z } from 'zod';
import { name, nothing, text } from '../fields';
import { act } from '../operation';
import { byWhom } from '../surroundings';

export const terminate = act({
  name: 'runs.terminate',
  summary: 'end a run at once, without telling its bodies',
  group: 'operate',
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    reason: text.optional().describe('why, for the record'),
  }),
  repeat: 'same',
  answer: nothing,
  at: ['runId'],
  examples: [{ runId: 'nightly-1', reason: 'wrong input' }],
  /** @throws SelvageError `UnknownRun`, `ServerUnreachable` */
  async run({ reach, caller }, { runId, reason }) {
    await reach.do((connection) =>
      connection.getRun(runId).terminate(reason ?? `Terminated ${byWhom(caller)}`),
    );
    return {};
  },
});
