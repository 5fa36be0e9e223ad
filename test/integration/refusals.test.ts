import { z } from 'zod';

import { knot, tapestry } from '../../src';
import {
  closeAll,
  connectSelvage,
  openSelvage,
  startWorker,
  temporaryBackends,
} from '../support/open-selvage';
import { Latch, aborted } from '../support/latch';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';
import { waitingReason } from '../support/waiting-reason';

afterEach(closeAll);

const second = knot('second', ({ x }: { x: number }) => x * 10);

function chainOf(first: typeof second, last: typeof second) {
  return tapestry('chain', (t) => {
    const x = t.parameter('x', z.number());
    const a = first({ x }, { id: 'a' });
    return { b: last({ x: a }, { id: 'b' }) };
  });
}

test('an unreachable backend is waited for, at the first step and in the middle', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const client = await connectSelvage({ backends: line.backends });
  const { taskQueue } = client;
  let calls = 0;
  const counted = knot('second', ({ x }: { x: number }) => {
    calls += 1;
    return x * 10;
  });
  const gate = new Latch();
  const begun = new Latch();
  const gated = knot('first', async ({ x }: { x: number }) => {
    begun.open();
    await gate.passed;
    return x + 1;
  });
  const tapestries = [chainOf(gated, counted)];
  const run = await client.start(tapestries[0]!, { x: 2 });
  line.inflict({ code: 'BackendUnavailable', only: ['tapestryStore.save', 'tapestryStore.get'] });
  await openSelvage({ tapestries, taskQueue, backends: line.backends });
  await until('the first step has failed', () => line.hit.length > 0);
  line.mend();
  await begun.passed;
  line.inflict({ code: 'BackendUnavailable' });
  gate.open();
  // An attempt tries its commit for a while; the next one finds the run history out of reach, too.
  await until('a second attempt is refused', () => line.hit.includes('runHistory.getRecords'));
  expect(line.hit).toContain('backends.commit');
  line.mend();
  expect(await run.values()).toEqual({ b: 30 });
  expect(calls).toBe(1);
  const items = await run.lineage();
  expect(items.map(({ knot_id, outcome }) => [knot_id, outcome]).sort()).toEqual([
    ['a', 'ok'],
    ['b', 'ok'],
    ['param:x', 'ok'],
  ]);
});

test('a full disk refuses the knot with its reason; with room again the run goes on', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  let calls = 0;
  const counted = knot('first', ({ x }: { x: number }) => {
    calls += 1;
    if (calls === 1) line.inflict({ code: 'DiskFull', only: ['backends.commit'] });
    return x + 1;
  });
  const counting = chainOf(counted, second);
  const selvage = await openSelvage({ tapestries: [counting], backends: line.backends });
  const run = await selvage.start(counting, { x: 4 });
  const reason = await until('the server shows why a waits', () => waitingReason(selvage, run, 'a'));
  expect(reason).toContain('The test has cut backends.commit');
  line.mend();
  expect(await run.values()).toEqual({ b: 50 });
  expect(await run.lineage({ knotId: 'a' })).toHaveLength(1);
});

test('a worker that shuts down hands its knot on, and the body is not charged for it', async () => {
  const client = await connectSelvage();
  const began: string[] = [];
  const leave = new Latch();
  const lingering = knot('first', async ({ x }: { x: number }, { signal, attempt }) => {
    began.push(`attempt ${attempt}`);
    if (attempt === 1) {
      leave.open();
      return await aborted(signal);
    }
    return x + 1;
  });
  const tapestries = [chainOf(lingering, second)];
  const leaving = await startWorker(client, { tapestries, shutdownGraceTime: 100 });
  const run = await client.start(tapestries[0]!, { x: 5 });
  await leave.passed;
  await leaving.stop();
  expect(await waitingReason(client, run, 'a')).toContain('shuts down');
  await startWorker(client, { tapestries });
  expect(await run.values()).toEqual({ b: 60 });
  expect(began).toEqual(['attempt 1', 'attempt 2']);
  expect(await run.lineage({ knotId: 'a' })).toMatchObject([{ outcome: 'ok', attempt: 2 }]);
});
