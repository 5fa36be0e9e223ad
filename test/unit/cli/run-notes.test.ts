import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { readNotes } from '../../../src/cli/show/run-notes';

const list = knot('list', { version: '1', cache: true }, () => [1, 2, 3]);
const half = knot('half', { version: '1', cache: true }, ({ x }: { x: number }) => {
  if (x % 2 === 1) throw new RangeError(`${x} is odd`);
  return x / 2;
});

function shape(elements: number[]) {
  return tapestry('shape', () => {
    const over = list({}, { id: 'list' });
    const others = knot('others', () => elements)({}, { id: 'others' });
    map({ over, each: half, bind: 'x', onError: 'skip' }, { id: 'left-out' });
    map({ over, each: half, bind: 'x', onError: 'collect' }, { id: 'collected' });
    map({ over: others, each: half, bind: 'x' }, { id: 'strict' });
  });
}

test('elements that failed without failing their map, and what was reused, with the time that it took to make', async () => {
  const backends = createInMemoryBackends();
  const notesOf = async (runId: string, elements: number[]) => {
    await runLocally(shape(elements), {}, { runId, backends });
    return await readNotes(backends, (await backends.runHistory.getRun(runId))!);
  };
  const failedElements = [
    { knotId: 'left-out', failed: 2, count: 3, onError: 'skip' },
    { knotId: 'collected', failed: 2, count: 3, onError: 'collect' },
  ];
  expect(await notesOf('first', [4, 6])).toMatchObject({ failedElements });
  const { reused, ...notes } = await notesOf('second', [4, 6, 5]);
  expect(notes).toEqual({ failedElements });
  expect(reused).toEqual({ knots: 1, elements: 4, savedMs: expect.any(Number) });

  const { temporal_run_id } = (await backends.runHistory.getRun('second'))!;
  const records = await backends.runHistory.getRecords(temporal_run_id);
  const took = records.flatMap(({ extra }) => (extra as { made_in?: number }).made_in ?? []);
  expect(took).toHaveLength(5);
  expect(reused!.savedMs).toBeCloseTo(took.reduce((sum, ms) => sum + ms, 0));
});
