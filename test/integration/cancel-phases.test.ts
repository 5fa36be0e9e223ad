import { z } from 'zod';

import { knot, local, tapestry } from '../../src';
import type { RunResult } from '../../src/model/outcome';
import { Latch } from '../support/latch';
import {
  CACHING,
  closeAll,
  connectSelvage,
  openSelvage,
  startWorker,
  temporaryBackends,
} from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';

const CANCELLED = { kind: 'skipped', reason: 'cancelled' };
const AN_HOUR = 3_600_000;

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const chain = tapestry('chain', (t) => {
  const first = inc({ x: t.parameter('x', z.number()) }, { id: 'first' });
  return { last: inc({ x: first }, { id: 'last' }) };
});

afterAll(closeAll);

/** Every knot has its record, whatever the moment of the cancel. */
function expectAllOnRecord(result: RunResult, knots: readonly string[]): void {
  expect(Object.keys(result.outcomes).sort()).toEqual([...knots].sort());
}

describe.each(CACHING)('a cancel $name', ({ maxCachedWorkflows }) => {
  const workerOptions = { maxCachedWorkflows };

  test('before the first step lets nothing begin', async () => {
    const client = await connectSelvage();
    const run = await client.start(chain, { x: 1 });
    await run.cancel();
    await startWorker(client, { tapestries: [chain], ...workerOptions });
    const result = await run.result();
    expect(result).toMatchObject({ status: 'cancelled', outcomes: { first: CANCELLED, last: CANCELLED } });
    expectAllOnRecord(result, ['param:x', 'first', 'last']);
  });

  test('while a knot waits for its retry does not wait for that', async () => {
    let calls = 0;
    const fails = knot('fails', ({ x }: { x: number }) => {
      calls += 1;
      if (x > 0) throw new Error('not yet');
      return x;
    });
    const retried = tapestry('retried', (t) => {
      const retry = { maximumAttempts: 2, initialInterval: AN_HOUR, maximumInterval: AN_HOUR };
      const failing = fails({ x: t.parameter('x', z.number()) }, { id: 'failing', retry });
      return { below: inc({ x: failing }, { id: 'below' }) };
    });
    const selvage = await openSelvage({ tapestries: [retried], workerOptions });
    const run = await selvage.start(retried, { x: 1 });
    await until('it waits for its retry', async () =>
      (await run.status().catch(() => undefined))?.waiting?.knots.some(
        ({ knotId, state }) => knotId === 'failing' && state === 'retrying',
      ),
    );
    await run.cancel();
    const result = await run.result();
    expect(result).toMatchObject({ status: 'cancelled', outcomes: { failing: CANCELLED, below: CANCELLED } });
    expectAllOnRecord(result, ['param:x', 'failing', 'below']);
    expect(calls).toBe(1);
  });

  test('while a knot waits for its body does not wait for a deploy', async () => {
    const gone = knot('gone', ({ x }: { x: number }) => x);
    const missing = tapestry('chain', (t) => {
      const there = inc({ x: t.parameter('x', z.number()) }, { id: 'there' });
      return { missing: gone({ x: there }, { id: 'missing' }) };
    });
    const client = await connectSelvage();
    await startWorker(client, { tapestries: [chain], ...workerOptions });
    const run = await client.start(missing, { x: 1 });
    await until('it waits for its body', async () =>
      (await run.status().catch(() => undefined))?.waiting?.knots.some(
        ({ reason }) => reason.code === 'BodyMissing',
      ),
    );
    await run.cancel();
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'cancelled',
      outcomes: { there: { kind: 'ok', value: 2 }, missing: CANCELLED },
    });
    expectAllOnRecord(result, ['param:x', 'there', 'missing']);
  });

  test('leaves a body of a segment behind that ignores its signal past its grace', async () => {
    const begun = new Latch();
    const mayEnd = new Latch();
    const ended = new Latch();
    const ignores = knot('ignores', async ({ x }: { x: number }) => {
      begun.open();
      await mayEnd.passed;
      ended.open();
      return x;
    });
    const segment = tapestry('segment', { knots: { dispatcher: local() } }, (t) => {
      const done = inc({ x: t.parameter('x', z.number()) }, { id: 'done' });
      const ignoring = ignores({ x: done }, { id: 'ignoring', cancelGrace: 100 });
      return { below: inc({ x: ignoring }, { id: 'below' }) };
    });
    const selvage = await openSelvage({ tapestries: [segment, chain], workerOptions });
    const run = await selvage.start(segment, { x: 1 });
    await begun.passed;
    await run.cancel();
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'cancelled',
      outcomes: { done: { kind: 'ok', value: 2 }, ignoring: CANCELLED, below: CANCELLED },
    });
    // It ends at last, and nothing of it counts: when a later commit of the worker is on record, its own would be, too.
    const { items: before } = await run.lineage();
    mayEnd.open();
    await ended.passed;
    await (await selvage.start(chain, { x: 1 })).values();
    expect((await run.lineage()).items).toEqual(before);
  });

  test('during settle comes too late: the run ends as what it came to', async () => {
    const line = new SwitchableBackends(await temporaryBackends());
    const maySettle = new Latch();
    line.inflict({ only: ['runHistory.endRun'], times: 1, until: maySettle.passed });
    const selvage = await openSelvage({ tapestries: [chain], backends: line.backends, workerOptions });
    const run = await selvage.start(chain, { x: 1 });
    await until('it settles', () => line.hit.length === 1);
    await run.cancel();
    maySettle.open();
    expect(await run.result()).toMatchObject({ status: 'succeeded', values: { last: 3 } });
    const { status } = await selvage.client.workflow.getHandle(run.runId).describe();
    expect(status.name).toBe('COMPLETED');
  });
});
