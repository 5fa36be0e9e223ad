import { knot, map, runLocally, tapestry } from '../../../src';
import { knotTree } from '../../../src/cli/knot-tree';
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
  expect(lines[1]).toContain('3 elements, 1 failed');
});
