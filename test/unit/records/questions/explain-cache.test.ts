import { fragment, knot, map, runLocally, tapestry } from '../../../../src';
import { createInMemoryBackends } from '../../../../src/backends';
import { explainCache } from '../../../../src/records/questions';
import type { Backends, LineageRecord } from '../../../../src/ports';
import { sampleHash, sampleLineage, sampleRun } from '../../../../src/testing/sample-records';
import { refusal } from '../../../support/refusal';

const KEY = sampleHash('key');

async function backendsOf(
  now: Partial<LineageRecord>,
  before: readonly Partial<LineageRecord>[] = [],
  details: Record<string, unknown> = {},
): Promise<Backends> {
  const backends = createInMemoryBackends();
  const { runHistory: history } = backends;
  await history.startRun(sampleRun({ run_id: 'now', temporal_run_id: 'now', details }));
  const records = [
    ...before.map((changes, index) => ({
      run_id: `before-${index}`,
      temporal_run_id: `before-${index}`,
      cache_key: KEY,
      finished_at: 1_000 + index,
      ...changes,
    })),
    { run_id: 'now', temporal_run_id: 'now', cache_key: KEY, finished_at: 5_000, ...now },
  ];
  await history.commit(records.map((changes) => sampleLineage({ definition_version: '1', ...changes })));
  return backends;
}

const explain = async (...given: Parameters<typeof backendsOf>) =>
  await explainCache(await backendsOf(...given), 'now', 'double');

test('the nearest earlier knot of a function in place is its own, however many others have run since', async () => {
  const definition = 'selvage.map.each';
  const ofOthers = Array.from({ length: 600 }, (_, index) => ({
    definition,
    knot_id: `other[${index}]`,
    cache_key: sampleHash(`other ${index}`),
  }));
  const own = {
    definition,
    knot_id: 'double',
    cache_key: sampleHash('own'),
    code_hash: sampleHash('code before'),
  };
  expect(await explain({ definition, definition_version: null }, [own, ...ofOthers])).toMatchObject({
    reason: 'key-differs',
    other: { runId: 'before-0', knotId: 'double' },
  });
});

test('a hit says who made it, and when', async () => {
  const made = { cached_from_run: 'before-0', extra: { made_by: 'other', made_at: 1_000 } };
  expect(await explain(made)).toMatchObject({
    reused: true,
    reason: 'reused',
    other: { runId: 'before-0', knotId: 'other', madeAt: 1_000 },
  });
  expect(await explain({ cached_from_run: 'before-0' })).toMatchObject({ reused: true, reason: 'resumed' });
});

test.each<[string, Parameters<typeof backendsOf>, string, string | undefined]>([
  ['the plan is gone', [{ cache_key: null }], 'plan-gone', undefined],
  ['skipped', [{ outcome: 'skipped', skip_reason: 'cancelled' }], 'not-run', undefined],
  ['reuse off', [{}, [{}], { reuse: false }], 'reuse-off', undefined],
  ['too old', [{ extra: { passed_over: 'too_old' } }, [{}]], 'too-old', 'before-0'],
  ['value gone', [{ extra: { passed_over: 'value_gone' } }, [{}]], 'value-gone', 'before-0'],
  ['both at once', [{}, [{}]], 'made-meanwhile', 'before-0'],
  ['nobody', [{}, []], 'no-earlier', undefined],
  ['a failure before', [{}, [{ outcome: 'err' }]], 'no-earlier', undefined],
  ['another definition', [{}, [{ definition: 'other' }]], 'no-earlier', undefined],
  ['one that was not cached then', [{}, [{ cache_key: null }]], 'not-recorded', 'before-0'],
])('a miss: %s', async (_, given, reason, run) => {
  const { other, ...explanation } = await explain(...given);
  expect(explanation).toMatchObject({ reused: false, reason, differences: [] });
  expect(other?.runId).toBe(run);
});

test('what differs from the nearest: version, source, an input and the knot that it comes from', async () => {
  const key = { cache_key: sampleHash('other key') };
  const x = sampleHash('6');
  expect(
    await explain({}, [
      { ...key, parent_input_hashes: { x, missing: null }, definition_version: '0' },
      { ...key, parent_input_hashes: { x, missing: null } },
      { ...key, parent_input_hashes: { x, missing: x }, knot_id: 'same-class' },
    ]),
  ).toMatchObject({
    reason: 'key-differs',
    other: { runId: 'before-1', knotId: 'double' },
    differences: [{ part: 'input', input: 'x', parent: 'param:x', before: x, now: sampleHash('5') }],
  });
  expect(await explain({}, [{ ...key, definition_version: null }])).toMatchObject({
    differences: [{ part: 'version', before: null, now: '1' }],
  });
  const constant = { constant_input_hashes: { factor: sampleHash('3') } };
  const [difference] = (await explain({}, [{ ...key, ...constant }])).differences;
  expect(difference).toEqual({
    part: 'input',
    input: 'factor',
    before: sampleHash('3'),
    now: sampleHash('2'),
  });
  expect(await explain({}, [{ ...key, code_hash: sampleHash('old code') }])).toMatchObject({
    differences: [{ part: 'code', before: sampleHash('old code'), now: sampleHash('code') }],
  });
});

test('an unknown run and an unknown knot are named', async () => {
  const backends = await backendsOf({});
  await expect(explainCache(backends, 'nobody', 'double')).rejects.toMatchObject({ code: 'UnknownRun' });
  await expect(explainCache(backends, 'now', 'nothing')).rejects.toMatchObject(
    refusal('UnknownKnot', '"nothing"'),
  );
});

describe('of runs', () => {
  let backends: Backends;
  beforeEach(() => (backends = createInMemoryBackends()));

  const reasonOf = async (knotId: string): Promise<unknown> => {
    const { reason, reused } = await explainCache(backends, 'r', knotId);
    return [reason, reused];
  };

  test('why there is no key to reuse a value by: no option, a map, an extension, another body, none at all', async () => {
    const cached = { version: '1', cache: true } as const;
    const list = knot('list', () => [1, 2]);
    const plain = knot('plain', () => 1);
    const double = knot('double', cached, ({ x }: { x: number }) => x * 2);
    const one = knot('one', cached, () => 1);
    const extends_ = knot('extends', cached, (_: object, ctx) => {
      ctx.extend(fragment(() => void plain({}, { id: 'newcomer' })));
      return 1;
    });
    const shape = tapestry('shape', { extensible: { definitions: [plain] } }, () => {
      // One after the other, so that the second has one that ended before it.
      map({ over: list({}, { id: 'list' }), each: double, bind: 'x', concurrency: 1 }, { id: 'mapped' });
      one({}, { id: 'one' });
      one({}, { id: 'stand-in' });
      extends_({}, { id: 'extends' });
    });
    await runLocally(shape, {}, { runId: 'r', backends, replace: { 'stand-in': () => 2 } });
    expect(await reasonOf('list')).toEqual(['not-cached', false]);
    expect(await reasonOf('newcomer')).toEqual(['not-cached', false]);
    expect(await reasonOf('mapped')).toEqual(['map', false]);
    expect(await reasonOf('mapped[1]')).toEqual(['key-differs', false]);
    expect(await reasonOf('stand-in')).toEqual(['replaced', false]);
    expect(await reasonOf('extends')).toEqual(['extended', false]);
    const run = (await backends.runHistory.getRun('r'))!;
    const [record] = await backends.runHistory.getRecords(run.temporal_run_id, ['one']);
    const failed = { outcome: 'err' as const, output_hash: null, code_hash: null, cache_key: null };
    const again = { run_id: 'r', temporal_run_id: 'again' };
    await backends.runHistory.startRun({ ...run, ...again, started_at: run.started_at + 1 });
    await backends.runHistory.commit([{ ...record!, ...again, ...failed }]);
    expect(await reasonOf('one')).toEqual(['failed', false]);
  });

  test('a value that the body before an edit made, under the same version', async () => {
    const list = knot('list', () => [1, 2]);
    const shape = (body: (given: { x: number }) => number, version = '1') =>
      tapestry('shape', () => {
        const scale = knot('scale', { version, cache: true }, body);
        scale({ x: 1 }, { id: 'end' });
        map({ over: list({}, { id: 'list' }), each: scale, bind: 'x' }, { id: 'mapped' });
      });
    const times = [({ x }: { x: number }) => x * 2, ({ x }: { x: number }) => x * 3] as const;
    await runLocally(shape(times[0]), {}, { runId: 'before', backends });
    await runLocally(shape(times[0]), {}, { runId: 'same', backends });
    await runLocally(shape(times[1]), {}, { runId: 'r', backends });
    for (const knotId of ['end', 'mapped[1]']) {
      const same = await explainCache(backends, 'same', knotId);
      expect(same).toMatchObject({ reason: 'reused', differences: [] });
      const { reason, differences } = await explainCache(backends, 'r', knotId);
      expect(reason).toBe('reused');
      expect(differences).toEqual([
        { part: 'code', before: expect.stringMatching(/^sha256:/), now: expect.stringMatching(/^sha256:/) },
      ]);
      expect(differences[0]!.before).toBe(same.record.code_hash);
    }
  });
});
