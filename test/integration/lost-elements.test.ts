import { ApplicationFailure } from '@temporalio/common';
import { knot, map, tapestry } from '../../src';
import { Latch, aborted } from '../support/latch';
import { closeAll, openSelvage } from '../support/open-selvage';

afterEach(closeAll);

test('an element whose activity an operator ends has failed as ElementLost, and so has its map', async () => {
  const begun = new Latch();
  const list = knot('list', () => [0, 1, 2]);
  const element = knot('element', async ({ x }: { x: number }, { signal }) => {
    if (x !== 1) return x;
    begun.open();
    return await aborted(signal);
  });
  const shape = tapestry('ended-element', () => {
    const over = list({}, { id: 'list' });
    map({ over, each: element, bind: 'x' }, { id: 'all' });
    return { others: map({ over, each: ({ element }) => element, onError: 'skip' }, { id: 'others' }) };
  });
  const selvage = await openSelvage({ tapestries: [shape] });
  const run = await selvage.start(shape, {});
  await begun.passed;
  await selvage.client.activity.fail(
    { workflowId: `${run.runId}/all`, activityId: 'all[1]' },
    ApplicationFailure.nonRetryable('by hand'),
  );
  expect(await run.result()).toMatchObject({
    status: 'failed',
    outcomes: {
      all: { kind: 'err', error: { type: 'MapElements', message: expect.stringContaining('[1]') } },
      others: { kind: 'ok', value: [0, 1, 2] },
    },
  });
  const items = await run.lineage({ knotId: 'all[1]' });
  expect(items).toMatchObject([
    {
      outcome: 'err',
      extra: { error: { type: 'ElementLost', message: expect.stringContaining('"all[1]"') } },
    },
  ]);
  for (const knotId of ['all[0]', 'all[2]'])
    expect(await run.lineage({ knotId })).toMatchObject([{ outcome: 'ok' }]);
});
