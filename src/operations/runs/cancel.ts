import { z } from 'zod';
import { SelvageError } from '../../errors';
import { name, runStatus } from '../fields';
import { act } from '../operation';

export const cancel = act({
  name: 'runs.cancel',
  summary: 'ask a run to end: bodies are told, finished knots keep their outcomes',
  description: 'Asks a run to end: running bodies get their grace, the rest is skipped, and all is recorded.',
  group: 'operate',
  needs: ['server'],
  ask: z.strictObject({ runId: name.describe('id of the run') }),
  repeat: 'same',
  answer: z.object({
    runId: z.string(),
    /** Status of the run; absent if a backend is away. */
    status: runStatus.optional(),
    /** Why no worker can end the run now. */
    waits: z.string().optional(),
    /** The run's task queue, if no worker polls it. */
    unpolled: z.string().optional(),
  }),
  inFull: ['runId', 'unpolled'],
  at: ['runId'],
  examples: [{ runId: 'nightly-1' }],
  /** @throws SelvageError `UnknownRun`, `ServerUnreachable` */
  run: async ({ reach }, { runId }) =>
    await reach.do(async (connection) => {
      const run = connection.getRun(runId);
      await run.cancel();
      try {
        const { run: record, waiting, taskQueue } = await run.status();
        const { workflowTask } = waiting ?? {};
        const isPolled = taskQueue === undefined || (await connection.pollers.areThere(taskQueue));
        return {
          runId,
          status: record.status,
          ...(workflowTask?.code === 'BackendsDiffer' && { waits: workflowTask.message }),
          ...(!isPolled && { unpolled: taskQueue }),
        };
      } catch (error) {
        // The run is cancelled even if the look at its workers fails.
        if (!SelvageError.is(error)) throw error;
        return { runId };
      }
    }),
});
