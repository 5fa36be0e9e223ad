import { knot, map, runLocally, subTapestry, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { knotTree } from '../../../src/cli/show/knot-tree';
import { recordedOutput } from './output-streams';

const list = knot('list', () => [1, 2, 3]);

test('a map is one line with counts, whatever its elements', async () => {
  const odd = ({ element }: { element: number }): number => {
    if (element % 2 === 0) throw new Error('even');
    return element;
  };
  const t = tapestry('t', () => ({
    mapped: map({ over: list({}, { id: 'list' }), each: odd, onError: 'skip' }, { id: 'mapped' }),
  }));
  const { lineage } = await runLocally(t, {});
  const lines = knotTree(lineage, recordedOutput().output);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('1 of 3 failed');
});

test('a knot names its attempt, the run that its value is from, and the run that it has started', async () => {
  let failures = 1;
  const flaky = knot('flaky', { retry: { maximumAttempts: 2, initialInterval: 1 } }, () => {
    if (failures-- > 0) throw new Error('not yet');
    return 2;
  });
  const cached = knot('cached', { version: '1', cache: true }, ({ x }: { x: number }) => x * 2);
  const inner = tapestry('inner', () => ({ end: list({}, { id: 'end' }) }));
  const outer = tapestry('outer', () => {
    const retried = flaky({}, { id: 'retried' });
    const nested = subTapestry({ tapestry: inner, inputs: {} }, { id: 'nested' });
    return { reused: cached({ x: retried }, { id: 'reused' }), nested };
  });
  const backends = createInMemoryBackends();
  const show = async (runId: string): Promise<string[]> => {
    const { lineage } = await runLocally(outer, {}, { backends, runId });
    return knotTree(lineage, recordedOutput().output);
  };
  const line = (start: string, end: string, word = 'ok'): unknown =>
    expect.stringMatching(new RegExp(`^ {2}${start} +${word} +[\\d.]+ m?s {2}sha256:\\w{15}${end}$`));
  expect(await show('first')).toEqual([
    line('nested', ' {2}run first/nested#1'),
    line('retried', ' {2}×2'),
    line(' {2}reused', ''),
  ]);
  expect(await show('second')).toEqual([
    line('nested', ' {2}run second/nested#1'),
    line('retried', ''),
    line(' {2}reused', ' {2}from first', 'reused'),
  ]);
});
