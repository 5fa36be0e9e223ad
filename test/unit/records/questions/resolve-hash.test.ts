import { InMemoryRunHistory } from '../../../../src/adapters/memory/run-history';
import { createInMemoryBackends } from '../../../../src/backends';
import { impact, resolveHash, why } from '../../../../src/records/questions';
import { sampleLineage } from '../../../../src/testing/sample-records';

const named = (digits: string, kind = 'sha256'): string => `${kind}:${digits.padEnd(64, '0')}`;

async function historyOf(...hashes: readonly string[]): Promise<InMemoryRunHistory> {
  const history = new InMemoryRunHistory();
  const inputs = { parent_input_hashes: {}, constant_input_hashes: {}, parent_knot_ids: {} };
  await history.commit(
    hashes.map((output_hash, index) => sampleLineage({ knot_id: `k${index}`, output_hash, ...inputs })),
  );
  return history;
}

test('a hash is told by its beginning, with its kind or without, and as it is shown', async () => {
  const history = await historyOf(named('abcd1'), named('abce'), named('b0b0', 'bytes-sha256'));
  for (const text of ['abcd', 'sha256:abcd', 'abcd1000', 'sha256:abcd1…', named('abcd1').slice(7)])
    expect(await resolveHash(history, text)).toBe(named('abcd1'));
  expect(await resolveHash(history, 'b0b0')).toBe(named('b0b0', 'bytes-sha256'));
  expect((await why({ ...createInMemoryBackends(), runHistory: history }, 'abcd')).record.knot_id).toBe('k0');
  expect((await impact(history, 'abcd')).producers[0]!.knot_id).toBe('k0');
});

test('what is whole, or no hash, is left to who looks for it', async () => {
  const history = await historyOf(named('abcd1'));
  for (const text of [named('1234'), 'sha256:none', 'abc', 'sealed:abcd'])
    expect(await resolveHash(history, text)).toBe(text);
});

test('of several that begin like it, all are listed; of none, that is said', async () => {
  const both = [named('abcd'), named('abcd', 'bytes-sha256')];
  await expect(resolveHash(await historyOf(...both), 'abcd')).rejects.toMatchObject({
    code: 'AmbiguousHash',
    message: expect.stringContaining(`:\n  ${both.join('\n  ')}`),
    details: { candidates: both },
  });
  const many = Array.from({ length: 30 }, (_, index) => named(`abcd${String(index).padStart(2, '0')}`));
  await expect(resolveHash(await historyOf(...many), 'sha256:abcd')).rejects.toMatchObject({
    message: expect.stringMatching(/abcd09\w+\n {2}and more$/),
    details: { candidates: many.slice(0, 10) },
  });
  await expect(resolveHash(await historyOf(), 'abcd')).rejects.toMatchObject({ code: 'UnknownValue' });
});
