import { z } from 'zod';
import { branch, knot, loop, runLocally, subTapestry, tapestry, type Outcome } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const fails = knot('fails', ({ x }: { x: number }): number => {
  throw new TypeError(`no luck with ${x}`);
});

const twice = tapestry(
  'twice',
  { parameters: { x: z.number(), by: { schema: z.number(), default: 0 } } },
  (_t, { x, by }) => {
    const d = double({ x }, { id: 'd' });
    return { doubled: d, sum: add({ a: d, b: by }, { id: 'sum' }) };
  },
);
const total = knot('total', ({ of }: { of: { doubled: number; sum: number } }) => of.doubled + of.sum);

const outer = tapestry('outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const first = double({ x }, { id: 'first' });
  const nested = subTapestry({ tapestry: twice, inputs: { x: first, by: 1 } }, { id: 'nested' });
  return { nested, total: total({ of: nested }, { id: 'total' }) };
});

test('a knot runs another tapestry, and has its values', async () => {
  const backends = createInMemoryBackends();
  const { values, lineage } = await runLocally(outer, { x: 3 }, { runId: 'r', backends });
  expect(values).toEqual({ nested: { doubled: 12, sum: 13 }, total: 25 });
  const record = lineage.find(({ knot_id }) => knot_id === 'nested')!;
  expect(record).toMatchObject({
    definition: 'selvage.subTapestry',
    parent_knot_ids: { x: 'first' },
    extra: { child_run: { run_id: 'r/nested#1' } },
  });
  expect(Object.keys(record.constant_input_hashes)).toEqual(['by', 'selvage.tapestry']);
  const { items } = await backends.runHistory.findLineage({ runId: 'r/nested#1' });
  const alone = await runLocally(twice, { x: 6, by: 1 });
  const hashes = (records: typeof items): unknown =>
    Object.fromEntries(records.map(({ knot_id, output_hash }) => [knot_id, output_hash]));
  expect(hashes(items)).toEqual(hashes([...alone.lineage]));
});

test('a path of a branch has the value that it was given, and not the run that made it', async () => {
  const t = tapestry('pathed', { parameters: { x: z.number() } }, (_t, { x }) => {
    const nested = subTapestry({ tapestry: twice, inputs: { x, by: 1 } }, { id: 'nested' });
    const chosen = branch({ input: nested, branches: ['a', 'b'], selector: () => 'a' }, { id: 'chosen' });
    return { a: chosen.path('a') };
  });
  const { values, lineage } = await runLocally(t, { x: 3 });
  expect(values.a).toEqual({ doubled: 6, sum: 7 });
  expect(lineage.find(({ knot_id }) => knot_id === 'chosen:a')!.extra).toEqual({});
});

test('what fails in it makes the knot fail, which its children take as they take any failure', async () => {
  const failing = tapestry('failing', { parameters: { x: z.number() } }, (_t, { x }) => ({
    y: double({ x: fails({ x }, { id: 'f' }) }, { id: 'y' }),
  }));
  const heard = knot('heard', { receives: 'outcomes' }, ({ of }: { of: Outcome<{ y: number }> }) => of.kind);
  const t = tapestry('t', () => {
    const nested = subTapestry({ tapestry: failing, inputs: { x: 1 } }, { id: 'nested' });
    return { heard: heard({ of: nested }, { id: 'heard' }), after: heard({ of: nested }, { id: 'after' }) };
  });
  const { outcomes, values } = await runLocally(t, {}, { runId: 'r' });
  expect(values).toEqual({ heard: 'err', after: 'err' });
  expect(outcomes['nested']).toMatchObject({
    kind: 'err',
    error: {
      type: 'SubRunFailed',
      message:
        'Run "r/nested#1" of the tapestry "failing" did not come to its values: knot "f" failed with TypeError: no luck with 1',
      cause: { type: 'TypeError', message: 'no luck with 1' },
    },
  });
});

test('bodies of what is nested are replaced by definition, by knot, or with the whole of its run', async () => {
  const { values: byDefinition } = await runLocally(outer, { x: 3 }, { replace: { double: () => 1 } });
  expect(byDefinition).toEqual({ nested: { doubled: 1, sum: 2 }, total: 3 });
  const { values: byKnot } = await runLocally(outer, { x: 3 }, { replace: { 'nested/d': () => 1 } });
  expect(byKnot).toEqual({ nested: { doubled: 1, sum: 2 }, total: 3 });
  const { values: whole } = await runLocally(
    outer,
    { x: 3 },
    { replace: { nested: ({ x }: { x: number }) => ({ doubled: x, sum: 0 }) } },
  );
  expect(whole).toEqual({ nested: { doubled: 6, sum: 0 }, total: 6 });
  await expect(runLocally(outer, { x: 3 }, { replace: { 'nested/none': () => 1 } })).rejects.toMatchObject({
    code: 'UnknownKnot',
  });
});

describe('a loop', () => {
  const next = knot('next', ({ x, by }: { x: number; by: number }) => x + by);
  const step = tapestry(
    'step',
    { parameters: { x: z.number(), by: { schema: z.number(), default: 1 } } },
    (_t, { x, by }) => {
      const y = next({ x, by }, { id: 'next' });
      return { x: y, twice: double({ x: y }, { id: 'twice' }) };
    },
  );

  test('runs its step until its function says that it is over', async () => {
    const asked: unknown[] = [];
    const t = tapestry('t', { parameters: { x: z.number() } }, (_t, { x }) => ({
      last: loop(
        {
          step,
          initial: { x, by: 2 },
          until: async (state, { knotId, runId }) => {
            asked.push({ ...state, knotId, runId });
            state.x = 0;
            return await Promise.resolve(state.twice > 10);
          },
        },
        { id: 'loop' },
      ),
    }));
    const backends = createInMemoryBackends();
    const { values, lineage } = await runLocally(t, { x: 0 }, { runId: 'r', backends });
    expect(values).toEqual({ last: { x: 6, by: 2, twice: 12 } });
    const where = { by: 2, knotId: 'loop', runId: 'r' };
    expect(asked).toEqual([
      { x: 2, twice: 4, ...where },
      { x: 4, twice: 8, ...where },
      { x: 6, twice: 12, ...where },
    ]);
    const record = lineage.find(({ knot_id }) => knot_id === 'loop')!;
    expect(record.extra).toEqual({
      child_run: expect.objectContaining({ run_id: 'r/loop#3' }),
      iterations: 3,
    });
    const { items } = await backends.runHistory.findLineage({ runId: 'r/loop#2', knotId: 'param:x' });
    expect(items).toHaveLength(1);
  });

  test('whose function throws fails', async () => {
    const until = (): boolean => {
      throw new RangeError('no idea');
    };
    const t = tapestry('t', () => ({
      last: loop({ step, initial: { x: 0 }, until, max: 3 }, { id: 'loop' }),
    }));
    const { outcomes } = await runLocally(t, {});
    expect(outcomes['loop']).toMatchObject({
      kind: 'err',
      error: { type: 'RangeError', message: 'no idea' },
    });
  });

  test('tries its function again as its options say, and runs no iteration twice', async () => {
    let asked = 0;
    const t = tapestry('t', () => ({
      last: loop(
        {
          step,
          initial: { x: 0 },
          until: ({ x }) => {
            asked += 1;
            if (asked % 2 === 1) throw new Error('busy');
            return x === 2;
          },
        },
        { id: 'loop', retry: { maximumAttempts: 2, initialInterval: 1 } },
      ),
    }));
    const { values } = await runLocally(t, {});
    expect(values).toEqual({ last: { x: 2, twice: 4 } });
    expect(asked).toBe(4);
  });

  test('fails with an iteration, and is cancelled with its run', async () => {
    const breaking = tapestry('breaking', { parameters: { x: z.number() } }, (_t, { x }) => ({
      x: knot('no-two', (inputs: { x: number }) => {
        if (inputs.x === 2) throw new TypeError('not two');
        return inputs.x + 1;
      })({ x }, { id: 'x' }),
    }));
    const stop = new AbortController();
    const t = (until: (x: number) => boolean) =>
      tapestry('t', () => ({
        last: loop({ step: breaking, initial: { x: 0 }, until: ({ x }) => until(x) }, { id: 'loop' }),
      }));
    const failed = await runLocally(
      t(() => false),
      {},
    );
    expect(failed.outcomes['loop']).toMatchObject({
      kind: 'err',
      error: {
        type: 'SubRunFailed',
        message: expect.stringContaining('/loop#3" of the tapestry "breaking"'),
      },
    });
    const cancelled = await runLocally(
      t(() => {
        stop.abort();
        return false;
      }),
      {},
      { signal: stop.signal },
    );
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.outcomes['loop']).toMatchObject({ kind: 'skipped', reason: 'cancelled' });
  });
});
