import { schedule } from '../../../scripts/tests/run-groups';

interface Group {
  readonly name: string;
  readonly files: readonly string[];
  readonly atOnce?: number;
}

const filesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}.test.ts`);

/** Runs groups; the test says when each is over. */
function begin(groups: readonly Group[]) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const outcomes = schedule(groups, async ({ name }, workers) => {
    begun.push(`${name} ${workers}`);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    return name;
  });
  return {
    begun,
    outcomes,
    async end(name: string): Promise<void> {
      ends.get(name)!();
      await new Promise(setImmediate);
    },
  };
}

test('groups begin in their order while there is room, a small one before a large one that has none', async () => {
  const { begun, outcomes, end } = begin([
    { name: 'core', files: filesOf(9), atOnce: 3 },
    { name: 'commands', files: filesOf(9) },
    { name: 'campaign', files: filesOf(1) },
    { name: 'triggers', files: filesOf(9) },
    { name: 'scale', files: filesOf(1) },
    { name: 'defects', files: filesOf(1), atOnce: 2 },
  ]);
  expect(begun).toEqual(['core 3', 'commands 2']);
  await end('commands');
  expect(begun.slice(2)).toEqual(['campaign 1', 'scale 1']);
  await end('scale');
  expect(begun.slice(4)).toEqual([]);
  await end('core');
  expect(begun.slice(4)).toEqual(['triggers 2', 'defects 1']);
  for (const name of ['campaign', 'triggers', 'defects']) await end(name);
  expect(await outcomes).toEqual(['core', 'commands', 'campaign', 'triggers', 'scale', 'defects']);
});

test('a group that runs alone has more files at a time, and one that takes all the room begins, too', async () => {
  const alone = begin([{ name: 'core', files: filesOf(9), atOnce: 2 }]);
  expect(alone.begun).toEqual(['core 3']);
  const large = begin([
    { name: 'large', files: filesOf(9), atOnce: 9 },
    { name: 'scale', files: filesOf(1) },
  ]);
  expect(large.begun).toEqual(['large 9']);
  await large.end('large');
  expect(large.begun).toEqual(['large 9', 'scale 1']);
});

test('what keeps a group from running at all is thrown', async () => {
  const failing = schedule([{ files: [] }, { files: [] }], () => Promise.reject(new Error('no jest')));
  await expect(failing).rejects.toThrow('no jest');
});
