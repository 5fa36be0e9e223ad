import { z } from 'zod';
import { knot, schedule, tapestry, type Tapestry } from '../../../src';
import { planOf } from '../../../src/runtime';
import { nodeSha256 } from '../../../src/backends';
import { recordOf } from '../../../src/authoring';
import { closeAll, connectSelvage, openSelvage, temporaryBackends, unique } from '../../support/open-selvage';

afterEach(closeAll);

const say = knot('say', ({ word, at }: { word: string; at: string }) => `${word} ${at}`);
const speaking = (word: string): Tapestry<{ at: string }, { said: string }> =>
  tapestry('speaking', { parameters: { at: z.string() } }, (_, { at }) => ({
    said: say({ word, at }, { id: 'said' }),
  }));

test.each([
  [true, 'old', 'of the deploy'],
  [false, 'new', 'of the worker'],
])('with pin %s, runs have the plan %s', async (pin, word) => {
  const id = unique('pinned');
  const [backends, taskQueue] = [await temporaryBackends(), unique('queue')];
  const deployer = await connectSelvage({ backends, taskQueue });
  const [before, after] = [speaking('old'), speaking('new')];
  await deployer.schedules.deploy([schedule(before, { id, cron: '@yearly', plannedTime: 'at', pin })]);
  const selvage = await openSelvage({ backends, taskQueue, tapestries: [after] });
  const { runId } = await selvage.schedules.trigger(id);
  const run = selvage.getRun<{ said: string }>(runId!);
  expect((await run.values()).said).toMatch(new RegExp(`^${word} 2.*Z$`));
  const { run: record } = await run.status();
  expect(record.plan_hash).toBe(planOf(recordOf(pin ? before : after), nodeSha256).hash);
});

test('the start ledger has an entry for each run', async () => {
  const id = unique('ledger');
  const speak = speaking('once');
  const selvage = await openSelvage({ tapestries: [speak] });
  await selvage.schedules.deploy([schedule(speak, { id, cron: '@yearly', plannedTime: 'at' })]);
  const { runId } = await selvage.schedules.trigger(id);
  await selvage.getRun(runId!).values();
  const { items } = await selvage.backends.startLedger.list({ trigger: `schedule:${id}` });
  const key = `${runId!.slice(id.length + 1, -1)}.000Z`;
  expect(items).toMatchObject([
    { key, runId, event: { planned: key }, startedAt: expect.any(Number) as number },
  ]);
});

test('the start ledger has an entry for a run whose parameters are refused, too', async () => {
  const id = unique('refused');
  const taking = (least: number): Tapestry<{ word: string }, { said: string }> =>
    tapestry('taking', { parameters: { word: z.string().min(least) } }, (_, { word }) => ({
      said: say({ word, at: 'now' }, { id: 'said' }),
    }));
  const selvage = await openSelvage({ tapestries: [taking(5)] });
  await selvage.schedules.deploy([schedule(taking(0), { id, cron: '@yearly', parameters: { word: 'no' } })]);
  const { runId } = await selvage.schedules.trigger(id);
  expect((await selvage.getRun(runId!).result()).status).toBe('failed');
  const { items } = await selvage.backends.startLedger.list({ trigger: `schedule:${id}` });
  expect(items).toMatchObject([{ runId }]);
});
