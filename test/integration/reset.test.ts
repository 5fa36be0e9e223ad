import { knot, local, queue, tapestry } from '../../src';
import { z } from 'zod';
import { closeAll, openSelvage } from '../support/open-selvage';
import { resetRun } from '../support/reset-run';

jest.setTimeout(60_000);
afterEach(closeAll);

let factor: number;
const increment = knot('increment', ({ x }: { x: number }) => x + 1);
const scale = knot('scale', ({ x }: { x: number }) => x * factor);

test.each([
  ['activities', queue(), queue(), queue()],
  ['a segment that began in the first step', local(), queue(), queue()],
  ['a segment before the reset', queue(), local(), queue()],
  ['a segment after the reset', queue(), queue(), local()],
])(
  'a run that an operator resets has records of its own, those of before included: %s',
  async (_, beginDispatcher, firstDispatcher, lastDispatcher) => {
    const resettable = tapestry('resettable', (t) => {
      const begin = increment(
        { x: t.parameter('x', z.number()) },
        { id: 'begin', dispatcher: beginDispatcher },
      );
      const first = increment({ x: begin }, { id: 'first', dispatcher: firstDispatcher });
      return { last: scale({ x: first }, { id: 'last', dispatcher: lastDispatcher }) };
    });
    factor = 10;
    const selvage = await openSelvage({ tapestries: [resettable] });
    const run = await selvage.start(resettable, { x: 1 });
    expect(await run.values()).toEqual({ last: 30 });
    const before = await run.status();

    factor = 100;
    const handle = selvage.client.workflow.getHandle(run.runId);
    const { events } = await handle.fetchHistory();
    // The task that sent out what comes last: from there on the run goes another way.
    const lastScheduled = events!.filter((event) => event.activityTaskScheduledEventAttributes).at(-1)!;
    const { workflowTaskCompletedEventId } = lastScheduled.activityTaskScheduledEventAttributes!;
    const execution = { workflowId: run.runId, runId: before.run.temporal_run_id };
    const newExecution = await resetRun(selvage, execution, workflowTaskCompletedEventId!);

    const again = selvage.getRun(run.runId);
    const result = await again.result();
    expect(result.outputs).toEqual({ 'param:x': 1, begin: 2, first: 3, last: 300 });
    const after = await again.status();
    expect(after.run.temporal_run_id).toBe(newExecution);
    expect(after.run.parameter_hashes).toEqual(before.run.parameter_hashes);
    for (const knotId of ['begin', 'first']) {
      const { items } = await again.lineage({ knotId });
      expect(items).toMatchObject([{ outcome: 'ok', extra: { reset_from: before.run.temporal_run_id } }]);
    }
  },
);
