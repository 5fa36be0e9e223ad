import { z } from 'zod';
import { knot, runLocally, subTapestry, tapestry, type Outcome } from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import type { StartOptions } from '../../src/client';
import type { Backends } from '../../src/ports';
import { aborted } from '../support/latch';
import { historyOf } from '../support/history';
import { onClose, selvageForAll } from '../support/open-selvage';
import { until } from '../support/until';

let calls: string[] = [];
const double = knot('double', ({ x }: { x: number }, { runId, knotId }) => {
  calls.push(`${runId} ${knotId}`);
  return x * 2;
});
const fails = knot('fails', ({ x }: { x: number }): number => {
  throw new TypeError(`no luck with ${x}`);
});
const waits = knot('waits', async ({ x }: { x: number }, { signal, runId, knotId }) => {
  calls.push(`${runId} ${knotId}`);
  await aborted(signal);
  return x;
});
const heard = knot('heard', { receives: 'outcomes' }, ({ of }: { of: Outcome<object> }) => of.kind);
const big = knot('big', ({ letter }: { letter: string }) => letter.repeat(100_000));
const lengths = knot('lengths', (texts: Record<string, string>) =>
  Object.values(texts).map((text) => text.length),
);

const twice = tapestry(
  'twice',
  { parameters: { x: z.number(), by: { schema: z.number(), default: 1 } } },
  (_t, { x, by }) => {
    const d = double({ x }, { id: 'd' });
    return { doubled: d, by: double({ x: by }, { id: 'by' }) };
  },
);
const outer = tapestry('outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const first = double({ x }, { id: 'first' });
  const inner = subTapestry({ tapestry: twice, inputs: { x: first } }, { id: 'inner' });
  return { inner, again: subTapestry({ tapestry: twice, inputs: { x: 1, by: first } }, { id: 'again' }) };
});
const outermost = tapestry('outermost', { parameters: { x: z.number() } }, (_t, { x }) => ({
  middle: subTapestry({ tapestry: outer, inputs: { x } }, { id: 'middle' }),
}));

const measure = tapestry(
  'measure',
  { parameters: { a: z.string(), b: z.string(), c: z.string() } },
  (_t, { a, b, c }) => ({ lengths: lengths({ a, b, c }, { id: 'lengths' }) }),
);
const large = tapestry('large', () => {
  const a = big({ letter: 'a' }, { id: 'a' });
  return {
    n: subTapestry({ tapestry: measure, inputs: { a, b: 'b'.repeat(50_000), c: 'small' } }, { id: 'n' }),
  };
});
const wrong = knot('wrong', () => 'text' as unknown as number);
const failing = tapestry('failing', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x: fails({ x }, { id: 'f' }) }, { id: 'y' }),
}));
const parents = tapestry('parents', () => {
  const failed = subTapestry({ tapestry: failing, inputs: { x: 1 } }, { id: 'failed' });
  subTapestry({ tapestry: failing, inputs: { x: wrong({}, { id: 'w' }) } }, { id: 'refused' });
  return { heard: heard({ of: failed }, { id: 'heard' }) };
});
const slow = tapestry('slow', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: waits({ x }, { id: 'w' }),
}));
const parent = tapestry('parent', () => ({
  heard: heard({ of: subTapestry({ tapestry: slow, inputs: { x: 1 } }, { id: 'n' }) }, { id: 'heard' }),
}));

beforeEach(() => (calls = []));
const shared = selvageForAll({ tapestries: [outermost, large, parents, parent] });

test('runs of other tapestries, nested twice, as in process', async () => {
  const selvage = shared();
  const run = await selvage.start(outermost, { x: 3 });
  const values = { middle: { inner: { doubled: 12, by: 2 }, again: { doubled: 2, by: 12 } } };
  expect(await run.values()).toEqual(values);
  expect(calls).toHaveLength(5);
  const backends = createInMemoryBackends();
  const local = await runLocally(outermost, { x: 3 }, { runId: run.runId, backends });
  expect(local.values).toEqual(values);
  const ids = ['', '/middle#1', '/middle#1/inner#1', '/middle#1/again#1'].map((end) => run.runId + end);
  for (const id of ids)
    expect(await recordedOf(id, selvage.backends)).toEqual(await recordedOf(id, backends));
  const parent = (await run.status()).run;
  const { run: child } = await selvage.getRun(ids[1]!).status();
  expect(child).toMatchObject({
    tapestry: 'outer',
    status: 'succeeded',
    parent_run_id: run.runId,
    trigger: 'knot',
    actor: parent.actor,
    details: { parent_knot: 'middle', parent_temporal_run_id: parent.temporal_run_id },
  });
  const [record] = await selvage.backends.runHistory.getRecords(parent.temporal_run_id, ['middle']);
  expect(record!.extra).toEqual({
    child_run: { run_id: child.run_id, temporal_run_id: child.temporal_run_id },
  });
  const origin = await selvage.lineage.why(record!.output_hash!);
  expect(origin.terminals).toMatchObject([{ name: 'inner', knotId: 'inner' }, { name: 'again' }]);
  const innermost = origin.terminals![0]!.origin!.terminals!.map(({ name, origin: of }) => [
    name,
    of!.record.run_id,
    of!.record.knot_id,
  ]);
  expect(innermost).toEqual([
    ['doubled', ids[2], 'd'],
    ['by', ids[2], 'by'],
  ]);
  const [made] = await selvage.getRun(ids[2]!).lineage({ knotId: 'd' });
  const { items } = await selvage.lineage.impact(made!.output_hash!);
  const told = items.map(({ record: of, through }) => [of.run_id, of.knot_id, ...through]);
  expect(told).toContainEqual([ids[1], 'inner', 'd']);
  expect(told).toContainEqual([ids[0], 'middle', 'inner', 'again']);
  const byHand = await selvage.start(outer, { x: 3 });
  await byHand.result();
  const { details } = (await byHand.status()).run;
  expect(child.details['parameters_hash']).toBe(details['parameters_hash']);
});

/** What the records of a run say that is the same on every host. */
async function recordedOf(runId: string, { runHistory }: Backends): Promise<unknown> {
  const { items } = await runHistory.findLineage({ runId });
  return items
    .map(({ knot_id, output_hash, knot_config_hash, parent_input_hashes, code_hash, extra }) => ({
      knot_id,
      output_hash,
      knot_config_hash,
      parent_input_hashes,
      code_hash,
      child: (extra as { child_run?: { run_id: string } }).child_run?.run_id,
    }))
    .sort((a, b) => (a.knot_id < b.knot_id ? -1 : 1));
}

test('large values, and what may not be in a history, go by reference', async () => {
  const run = await shared().start(large, {});
  expect(await run.values()).toEqual({ n: { lengths: [100_000, 50_000, 5] } });
  for (const id of [run.runId, `${run.runId}/n`, `${run.runId}/n#1`]) {
    const events = JSON.stringify(await historyOf(shared(), id));
    expect(events.length).toBeLessThan(40_000);
  }
});

test('failures of a child run, and of its parameters, are told as in process', async () => {
  const run = await shared().start(parents, {});
  const { outcomes, status, values } = await run.result();
  expect(status).toBe('failed');
  expect(values).toEqual({ heard: 'err' });
  const local = await runLocally(parents, {}, { runId: run.runId });
  for (const knotId of ['failed', 'refused']) {
    const error = (of: Outcome): object => (of.kind === 'err' ? { ...of.error, traceback: '' } : of);
    expect(error(outcomes[knotId]!)).toEqual(error(local.outcomes[knotId]!));
  }
  expect(outcomes).toMatchObject({
    failed: { error: { type: 'SubRunFailed', cause: { type: 'TypeError', message: 'no luck with 1' } } },
    refused: { error: { type: 'SubRunFailed', cause: { type: 'InvalidParameters' } } },
  });
  const [record] = await run.lineage({ knotId: 'failed' });
  expect(record!.extra).toMatchObject({ child_run: { run_id: `${run.runId}/failed#1` } });
});

describe('a child run', () => {
  const start = async (options: StartOptions = {}) => {
    const selvage = shared();
    const run = await selvage.start(parent, {}, options);
    onClose(() => run.terminate().catch(() => undefined));
    const child = selvage.getRun(`${run.runId}/n#1`);
    await until('the body runs', () => calls.includes(`${child.runId} w`));
    return { selvage, run, child };
  };

  test('is cancelled with its parent', async () => {
    const { run, child } = await start();
    await run.cancel();
    expect((await run.result()).outcomes['n']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
    expect((await child.result()).status).toBe('cancelled');
  });

  test('ends at the deadline of its parent', async () => {
    const { run, child } = await start({ deadline: 3_000 });
    const { outcomes, status, error } = await run.result();
    expect(status).toBe('failed');
    expect(error?.type).toBe('DeadlineExceeded');
    expect(outcomes['n']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
    expect((await child.result()).status).toBe('cancelled');
  });

  test('that an operator cancels makes its knot skipped', async () => {
    const { run, child } = await start();
    await child.cancel();
    const { outcomes, values } = await run.result();
    expect(outcomes['n']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
    expect(values).toEqual({ heard: 'skipped' });
  });

  test('that an operator terminates makes its knot fail', async () => {
    const { run, child } = await start();
    await child.terminate('by hand');
    const { outcomes } = await run.result();
    expect(outcomes['n']).toMatchObject({
      kind: 'err',
      error: { type: 'SubRunFailed', cause: { type: 'RunTerminated' } },
    });
  });

  test('ends when its parent is terminated', async () => {
    const { selvage, run, child } = await start();
    await run.terminate('enough');
    expect((await child.result()).status).toBe('cancelled');
    const { status } = await selvage.client.workflow.getHandle(`${run.runId}/n`).describe();
    expect(status.name).toBe('TERMINATED');
  });
});
