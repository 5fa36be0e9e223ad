import { defined } from '../../../src/values';

test('what is undefined is not there, and all else is, whatever it is', () => {
  const given = { a: undefined, b: null, c: 0, d: '', e: false, f: [undefined] } as {
    a?: number | undefined;
    b: null;
    c: number;
    d: string;
    e: boolean;
    f: undefined[];
  };
  const copy = defined(given);
  expect(Object.entries(copy)).toEqual([
    ['b', null],
    ['c', 0],
    ['d', ''],
    ['e', false],
    ['f', [undefined]],
  ]);
  expect({ a: 1, ...copy }.a).toBe(1);
  // By its type, only what may be undefined may be absent.
  const c: number = copy.c;
  expect(c).toBe(0);
});
