import { Places } from '../../../src/connection/places';

afterEach(() => jest.restoreAllMocks());

/** Works that end when they are told to. */
function works(
  places: Places,
  key: string,
): { begun: string[]; begin: (name: string) => Promise<void>; end: (name: string) => void } {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    begin: (name) =>
      places.take(key, async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
      }),
    end: (name) => ends.get(name)!(),
  };
}

test('so many of a key are done at once, the others in the order in which they came', async () => {
  const places = new Places(2);
  const { begun, begin, end } = works(places, 'run');
  const all = ['a', 'b', 'c', 'd'].map(begin);
  expect(begun).toEqual(['a', 'b']);
  const other = works(places, 'another run');
  const beside = other.begin('x');
  expect(other.begun).toEqual(['x']);
  end('b');
  await all[1];
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c']) end(name);
  await Promise.all([all[0], all[2]]);
  end('d');
  other.end('x');
  await Promise.all([...all, beside]);
});

test('one that fails makes room, too; who waits is told since when nothing has succeeded', async () => {
  let now = 100;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  const places = new Places(1);
  const since: number[] = [];
  const work = (end: Promise<void>) => (last: number) => {
    since.push(last);
    return end;
  };
  let fail!: (error: Error) => void;
  let succeed!: () => void;
  const failing = places.take('run', work(new Promise((_, reject) => (fail = reject))));
  const succeeding = places.take('run', work(new Promise((resolve) => (succeed = resolve))));
  const last = places.take('run', work(Promise.resolve()));
  now = 200;
  fail(new Error('boom'));
  await expect(failing).rejects.toThrow('boom');
  now = 300;
  succeed();
  await Promise.all([succeeding, last]);
  expect(since).toEqual([100, 100, 300]);
});

test('fewer are let in when that is said, and those that are in stay', async () => {
  const places = new Places(3);
  const { begun, begin, end } = works(places, 'run');
  const all = ['a', 'b', 'c', 'd', 'e'].map(begin);
  places.narrow(1);
  for (const name of ['a', 'b']) end(name);
  await Promise.all(all.slice(0, 2));
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const name of ['c', 'd', 'e']) {
    end(name);
    await all[['a', 'b', 'c', 'd', 'e'].indexOf(name)];
  }
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
});
