import fc from 'fast-check';
import { hunksOf } from '../../../src/explorer/page/value/hunks';

const same = (one: unknown, other: unknown): boolean => one === other;
const of = (one: string, other: string) =>
  hunksOf([...one], [...other], same).map(({ first, firstEnd, second, secondEnd }) => [
    one.slice(first, firstEnd),
    other.slice(second, secondEnd),
  ]);

test('what was removed, added and changed is found with its place', () => {
  expect(of('abc', 'abc')).toEqual([]);
  expect(of('abc', 'axbc')).toEqual([['', 'x']]);
  expect(of('abcdef', 'acdxf')).toEqual([
    ['b', ''],
    ['e', 'x'],
  ]);
  expect(of('', 'ab')).toEqual([['', 'ab']]);
});

test('hunks turn one list into the other, with no more changes than the longest common sequence allows', () => {
  const lists = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 14 });
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      const hunks = hunksOf(one, other, same);
      let [built, at]: [number[], number] = [[], 0];
      for (const { first, firstEnd, second, secondEnd } of hunks) {
        built = [...built, ...one.slice(at, first), ...other.slice(second, secondEnd)];
        at = firstEnd;
      }
      expect([...built, ...one.slice(at)]).toEqual(other);
      const changes = hunks.reduce(
        (sum, { first, firstEnd, second, secondEnd }) => sum + firstEnd - first + secondEnd - second,
        0,
      );
      expect(changes).toBe(one.length + other.length - 2 * common(one, other));
    }),
  );
});

test('lists that have nothing in common are one hunk, in time', () => {
  const [one, other] = [0, 1_000_000].map((from) => Array.from({ length: 50_000 }, (_, at) => from + at));
  expect(hunksOf(one!, other!, same)).toEqual([{ first: 0, firstEnd: 50_000, second: 0, secondEnd: 50_000 }]);
});

/** Length of the longest common sequence. */
function common(one: readonly number[], other: readonly number[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const item of one) {
    const next = [0];
    other.forEach((each, at) => next.push(item === each ? row[at]! + 1 : Math.max(row[at + 1]!, next[at]!)));
    row = next;
  }
  return row[other.length]!;
}
