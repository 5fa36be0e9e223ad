import { z } from 'zod';
import { name, runStatus, text } from '../fields';
import { act } from '../operation';
import { byWhom } from '../surroundings';

export const terminate = act({
  name: 'runs.terminate',
  summary: 'end a run at once, without telling its bodies',
  description:
    'Ends a run at once: no code of it hears of it, knots without an outcome get none. To let bodies end, cancel it.',
  group: 'operate',
  needs: ['server'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    reason: text.optional().describe('kept with the run'),
  }),
  repeat: 'same',
  answer: z.object({ runId: z.string(), status: runStatus }),
  inFull: ['runId'],
  at: ['runId'],
  examples: [{ runId: 'nightly-1', reason: 'wrong input' }],
  /** @throws SelvageError `UnknownRun`, `ServerUnreachable` */
  async run({ reach, caller }, { runId, reason }) {
    return await reach.do(async (connection) => {
      const run = connection.getRun(runId);
      await run.terminate(reason ?? `Terminated ${byWhom(caller)}`);
      return { runId, status: (await run.status()).run.status };
    });
  },
});
