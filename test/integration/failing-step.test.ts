import { z } from 'zod';
import { fragment, knot, tapestry, waitForSignal } from '../../src';
import { closeAll, connectSelvage, startWorker } from '../support/open-selvage';
import { until } from '../support/until';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const open = tapestry('open', { extensible: { definitions: [double] } }, () => {
  waitForSignal('word', z.number(), { id: 'word' });
  waitForSignal('end', z.number(), { id: 'end' });
});
const other = tapestry('other', () => void double({ x: 1 }, { id: 'd' }));
/** From here on the server lets nothing in. */
const FAILED_TIMES = 3;

afterEach(closeAll);

test('whoever gives knots or a signal to a run whose next step fails again and again, waits for a worker that can go on with it', async () => {
  const selvage = await connectSelvage();
  const unable = await startWorker(selvage, { tapestries: [other] });
  const run = await selvage.start(open, {});
  const handle = selvage.client.workflow.getHandle(run.runId);
  await until('its first step fails', async () => {
    const { pendingWorkflowTask } = (await handle.describe()).raw;
    return (pendingWorkflowTask?.attempt ?? 0) > FAILED_TIMES;
  });
  const { workflowService } = selvage.client.connection;
  const update = workflowService.updateWorkflowExecution.bind(workflowService);
  const refused = new Set<unknown>();
  jest.spyOn(workflowService, 'updateWorkflowExecution').mockImplementation((async (request: never) => {
    try {
      return await update(request);
    } catch (error) {
      refused.add((request as { request: { input: { name: string } } }).request.input.name);
      throw error;
    }
  }) as never);
  const given = run.extend(fragment(() => void double({ x: 4 }, { id: 'more' })));
  const told = run.signal('word', 7);
  const ends = Promise.all([given, told]);
  ends.catch(() => undefined);
  await until('neither is let in', () => refused.size === 2);

  await unable.stop();
  await startWorker(selvage, { tapestries: [open] });
  await ends;
  // Without it, the run could be over when the knots are let in.
  await run.signal('end', 1);
  const { outputs } = await run.result();
  expect(outputs).toEqual({ word: 7, end: 1, more: 8 });
});
