import { InMemoryRunHistory } from '../../../src/adapters/run-histories/in-memory';
import { explainCache } from '../../../src/lineage';
import type { LineageRecord } from '../../../src/protocols';
import { sampleHash, sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { refusal } from '../../support/refusal';

const KEY = sampleHash('key');

async function historyOf(
  now: Partial<LineageRecord>,
  before: readonly Partial<LineageRecord>[] = [],
  environment: Record<string, unknown> = {},
): Promise<InMemoryRunHistory> {
  const history = new InMemoryRunHistory();
  await history.startRun(sampleRun({ run_id: 'now', temporal_run_id: 'now', environment }));
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
  return history;
}

const explain = async (...given: Parameters<typeof historyOf>) =>
  await explainCache(await historyOf(...given), 'now', 'double');

test('a hit says who made it, and when', async () => {
  const made = { cached_from_run: 'before-0', extra: { made_by: 'other', made_at: 1_000 } };
  expect(await explain(made)).toMatchObject({
    isHit: true,
    reason: 'reused',
    other: { run: 'before-0', knot: 'other', madeAt: 1_000 },
  });
  expect(await explain({ cached_from_run: 'before-0' })).toMatchObject({ isHit: true, reason: 'resumed' });
});

test.each<[string, Parameters<typeof historyOf>, string, string | undefined]>([
  ['no option', [{ cache_key: null }], 'not-cached', undefined],
  ['skipped', [{ outcome: 'skipped', skip_reason: 'cancelled' }], 'not-run', undefined],
  ['reuse off', [{}, [{}], { reuse: false }], 'reuse-off', undefined],
  ['too old', [{ extra: { passed_over: 'too_old' } }, [{}]], 'too-old', 'before-0'],
  ['value gone', [{ extra: { passed_over: 'value_gone' } }, [{}]], 'value-gone', 'before-0'],
  ['both at once', [{}, [{}]], 'made-meanwhile', 'before-0'],
  ['nobody', [{}, []], 'no-earlier', undefined],
  ['a failure before', [{}, [{ outcome: 'err' }]], 'no-earlier', undefined],
  ['another definition', [{}, [{ knot_class: 'other' }]], 'no-earlier', undefined],
  ['one that was not cached then', [{}, [{ cache_key: null }]], 'not-recorded', 'before-0'],
])('a miss: %s', async (_, given, reason, run) => {
  const { other, ...explanation } = await explain(...given);
  expect(explanation).toMatchObject({ isHit: false, reason, differences: [] });
  expect(other?.run).toBe(run);
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
    other: { run: 'before-1', knot: 'double' },
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
  const history = await historyOf({});
  await expect(explainCache(history, 'nobody', 'double')).rejects.toMatchObject({ code: 'UnknownRun' });
  await expect(explainCache(history, 'now', 'nothing')).rejects.toMatchObject(
    refusal('UnknownKnot', '"nothing"'),
  );
});
