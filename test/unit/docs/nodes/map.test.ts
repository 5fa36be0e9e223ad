import { knot, map, reduce, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const greet = knot('greet', ({ name, word }: { name: string; word: string }) => {
  if (name === '') throw new RangeError('nobody is there');
  return `${word}, ${name}`;
});

const greetings = tapestry('greetings', (t) => {
  const names = t.parameter('names', z.array(z.string()));
  const word = t.parameter('word', z.string());
  const lines = map({ over: names, each: greet, bind: 'name', shared: { word } }, { id: 'lines' });
  const lengths = map({ over: names, each: ({ element }) => element.length }, { id: 'lengths' });
  const found = map(
    { over: names, each: greet, bind: 'name', shared: { word }, onError: 'skip' },
    { id: 'found' },
  );
  return {
    found,
    lines,
    letters: reduce({ of: lengths, fold: (sum, n) => sum + n, initial: 0 }, { id: 'letters' }),
  };
});

test('a list of what the body makes of each element', async () => {
  const { values, lineage } = await runLocally(greetings, { names: ['Anna', 'Ben'], word: 'hello' });
  expect(values).toMatchObject({ lines: ['hello, Anna', 'hello, Ben'], letters: 7 });
  expect(lineage.map(({ knot_id }) => knot_id)).toContain('lines[1]');
});

test('elements that fail', async () => {
  const { values, outcomes } = await runLocally(greetings, { names: ['Anna', ''], word: 'hello' });
  expect(values.found).toEqual(['hello, Anna']);
  expect(outcomes['lines']).toMatchObject({ kind: 'err', error: { type: 'MapElements' } });
});
