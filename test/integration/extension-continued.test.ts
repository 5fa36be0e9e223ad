import { z } from 'zod';
import { fragment, knot, tapestry, waitForSignal } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import { closeAll, openSelvage } from '../support/open-selvage';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';

afterEach(closeAll);

const LINKS = 30;
const OFFERS = 6;

const link = knot('link', ({ left }: { left: number }, context): number => {
  if (left > 0) context.extend(fragment(() => void link({ left: left - 1 }, { id: `link-${left - 1}` })));
  return left;
});
/** The same, and at this link also a knot that fails: by then, or from then on, the run has continued as new. */
const brittle = knot('brittle', ({ left, at }: { left: number; at: number }, context): number => {
  context.extend(
    fragment(() => {
      if (left > 0) brittle({ left: left - 1, at }, { id: `link-${left - 1}` });
      if (left === at) snap({ left }, { id: 'snapped' });
    }),
  );
  return left;
});
const snap = knot('snap', ({ left }: { left: number }) => {
  throw new Error(`snapped at ${left}`);
});
const double = knot('double', ({ x }: { x: number }) => x * 2);

const chain = tapestry('long-chain', { extensible: { definitions: [double] } }, (t) => {
  link({ left: t.parameter('left', z.number()) }, { id: 'first' });
});

const breaking = tapestry('breaking-chain', { extensible: { definitions: [snap] } }, (t) => {
  brittle({ left: LINKS, at: t.parameter('at', z.number()) }, { id: 'first' });
});
const held = tapestry('held-chain', { extensible: { definitions: [snap] } }, (t) => {
  brittle({ left: LINKS, at: t.parameter('at', z.number()) }, { id: 'first' });
  waitForSignal('never', z.unknown(), { id: 'held' });
});

test('a run that bodies and a client extend again and again continues as new, and loses none of it', async () => {
  const selvage = await openSelvage({
    tapestries: [chain],
    runLimits: TIGHT_HISTORY_BUDGET,
  });
  const run = await selvage.start(chain, { left: LINKS });
  for (let offer = 0; offer < OFFERS; offer++) {
    await run.extend(fragment((f) => void double({ x: f.ref('first') }, { id: `offer-${offer}` })));
  }
  const { outputs, status } = await run.result();
  expect(status).toBe('succeeded');
  expect(Object.keys(outputs)).toHaveLength(2 + LINKS + OFFERS);
  expect(outputs).toMatchObject({ 'link-0': 0, [`offer-${OFFERS - 1}`]: 2 * LINKS });
  await expectContinued(selvage, run);
});

describe.each([
  { when: 'before', at: 1 },
  { when: 'after', at: LINKS - 1 },
])('a run that its bodies extend by a knot that fails, and that has continued as new $when', ({ at }) => {
  test('fails for that knot, and one that goes on from it fails for it again', async () => {
    const selvage = await openSelvage({ tapestries: [breaking], runLimits: TIGHT_HISTORY_BUDGET });
    const run = await selvage.start(breaking, { at });
    await expectSnapped(selvage, run, at);
    await expectContinued(selvage, run);
    const resumed = await selvage.resume(run.runId, { runId: `${run.runId}-again` });
    await expectSnapped(selvage, resumed, at);
    const from = await selvage.resume(run.runId, {
      runId: `${run.runId}-from`,
      from: ['snapped'],
      allowDuplicate: true,
    });
    await expectSnapped(selvage, from, at);
  });

  test('can be cancelled', async () => {
    const selvage = await openSelvage({ tapestries: [held], runLimits: TIGHT_HISTORY_BUDGET });
    const run = await selvage.start(held, { at });
    for await (const { counts } of run.progress({ interval: 20 })) {
      if (counts.err === 1 && counts.ok === LINKS + 2) break;
    }
    await run.cancel();
    const { status, outcomes } = await run.result();
    expect(status).toBe('cancelled');
    expect(outcomes).toMatchObject({
      snapped: { kind: 'err', error: { message: `snapped at ${at}` } },
      held: { kind: 'skipped', reason: 'cancelled' },
    });
  });
});

async function expectSnapped({ client }: Selvage, run: RunHandle, at: number): Promise<void> {
  const { status, outcomes } = await run.result();
  expect(status).toBe('failed');
  expect(Object.keys(outcomes)).toHaveLength(3 + LINKS);
  await expect(client.workflow.getHandle(run.runId).result()).rejects.toMatchObject({
    cause: {
      type: 'RunFailed',
      message: `1 of ${3 + LINKS} knots failed: snapped (Error: snapped at ${at})`,
    },
  });
}

async function expectContinued({ client }: Selvage, run: RunHandle): Promise<void> {
  const { temporal_run_id } = (await run.status()).run;
  const last = await client.workflow.getHandle(run.runId).describe();
  expect(last.runId).not.toBe(temporal_run_id);
}
