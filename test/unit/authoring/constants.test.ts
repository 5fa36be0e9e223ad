import { z } from 'zod';
import { knot, Tapestry, type Knot } from '../../../src';
import { recordOf } from '../../../src/authoring';

const anything = knot('anything', ({ value }: { value: unknown }) => value);

/** Places `value` as a constant next to a knot of the same tapestry. */
function placeBeside(valueOf: (hidden: Knot<unknown>) => unknown): ReadonlyMap<string, unknown> {
  const t = new Tapestry('t');
  const hidden = t.parameter('x', z.number());
  return recordOf(anything({ value: valueOf(hidden) }, { id: 'k', tapestry: t })).inputs;
}

class Box {
  constructor(readonly content: unknown) {}
}

test.each<[string, string, (hidden: Knot<unknown>) => unknown]>([
  ['a list', 'value[1]', (hidden) => [0, hidden]],
  ['an object', 'value.a.b', (hidden) => ({ a: { b: hidden } })],
  ['a key that is no identifier', 'value["a b"]', (hidden) => ({ 'a b': hidden })],
  ['a symbol key', 'value[Symbol(s)]', (hidden) => ({ [Symbol('s')]: hidden })],
  ['a key that is not enumerable', 'value.a', (hidden) => Object.defineProperty({}, 'a', { value: hidden })],
  [
    'a map',
    'value[1][1]',
    (hidden) =>
      new Map<unknown, unknown>([
        [0, 0],
        ['a', hidden],
      ]),
  ],
  ['the keys of a map', 'value[0][0]', (hidden) => new Map([[hidden, 0]])],
  ['a set', 'value[0].a', (hidden) => new Set([{ a: hidden }])],
  ['an instance of a class', 'value.content', (hidden) => new Box(hidden)],
  ['an object without prototype', 'value.a', (hidden) => Object.assign(Object.create(null), { a: hidden })],
  [
    'an object that contains itself',
    'value.then.a',
    (hidden) => {
      const loop: Record<string, unknown> = {};
      loop.self = loop;
      loop.then = { loop, a: hidden };
      return loop;
    },
  ],
])('a knot hidden in %s is found at %s', (_where, path, valueOf) => {
  expect(() => placeBeside(valueOf)).toThrow(
    expect.objectContaining({ code: 'HiddenKnot', details: { knot: 'k', input: 'value', path } }),
  );
});

test('a knot hidden 100,000 levels deep is found', () => {
  const nest = (hidden: Knot<unknown>): unknown => {
    let value: unknown = hidden;
    for (let level = 0; level < 100_000; level++) value = [value];
    return value;
  };
  expect(() => placeBeside(nest)).toThrow(expect.objectContaining({ code: 'HiddenKnot' }));
});

test('a constant is kept as it is, and its getters are not called', () => {
  const value = {
    id: 'like-a-knot',
    bytes: new Uint8Array(1_000_000),
    get costly(): never {
      throw new Error('called');
    },
  };
  expect(placeBeside(() => value).get('value')).toEqual({ kind: 'constant', value: expect.anything() });
  expect((placeBeside(() => value).get('value') as { value: unknown }).value).toBe(value);
});
