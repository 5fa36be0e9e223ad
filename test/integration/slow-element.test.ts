import { setTimeout as delay } from 'node:timers/promises';
import { knot, local, map, queue, tapestry } from '../../src';
import { Calls } from '../support/calls';
import { historyOf, scheduledActivities } from '../support/history';
import { closeAll, openSelvage } from '../support/open-selvage';
import { OFTEN_BEATING, SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';

afterEach(closeAll);

const calls = new Calls();

test('an element of a local map that takes longer than heartbeats may fail ends, and where a knot outside waits the rest goes on in the next segment', async () => {
  const list = knot('list', () => [0, 1, 2, 3, 4, 5]);
  const element = knot('element', async ({ x }: { x: number }, ctx) => {
    calls.note(ctx);
    if (x === 1) await delay(SHORT_HEARTBEAT_TIMEOUT.heartbeatTimeoutMs + 1_000);
    return x * 2;
  });
  const count = knot('count', ({ of }: { of: readonly number[] }) => of.length);
  const shape = tapestry('slow-element', { knots: { dispatcher: local() } }, () => {
    const all = map(
      { over: list({}, { id: 'list' }), each: element, bind: 'x', concurrency: 1 },
      { id: 'all' },
    );
    return { all, count: count({ of: all }, { id: 'count', dispatcher: queue() }) };
  });
  const selvage = await openSelvage({
    tapestries: [shape],
    runLimits: SHORT_HEARTBEAT_TIMEOUT,
    workerOptions: OFTEN_BEATING,
    // A segment starts nothing more after this, so that an element need not take half a minute.
    activityLimits: { segment: { workingMs: SHORT_HEARTBEAT_TIMEOUT.heartbeatTimeoutMs } },
  });
  const run = await selvage.start(shape, {});
  expect(await run.values()).toEqual({ all: [0, 2, 4, 6, 8, 10], count: 6 });
  expect(calls.of(run.runId)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `all[${index}]`));
  const items = await run.lineage();
  for (const { knot_id, dispatcher, attempt } of items)
    if (knot_id.startsWith('all[')) expect([knot_id, dispatcher, attempt]).toEqual([knot_id, 'local', 1]);
  const segments = scheduledActivities(await historyOf(selvage, run.runId)).map(({ type }) => type);
  expect(segments).toEqual(['selvage.segment', 'selvage.segment', 'count']);
});
