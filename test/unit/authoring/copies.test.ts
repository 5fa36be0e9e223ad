import { z } from 'zod';
import * as model from '../../../src/authoring';

// A library of definitions, or a tool that loads a user's file, may have come with its own copy of the package.
let copy!: typeof model;
jest.isolateModules(() => {
  copy = jest.requireActual<typeof model>('../../../src/authoring');
});

test('definitions of one copy are placed in tapestries of another', () => {
  const one = copy.knot('one', () => 1);
  const add = model.knot('add', ({ a }: { a: number }) => a);
  const made = model.tapestry('t', (t) => {
    const x = t.parameter('x', z.number());
    add({ a: one({}, { id: 'one' }) }, { id: 'add' });
    copy.knot('same', ({ a }: { a: number }) => a)({ a: x }, { id: 'same' });
  });

  expect(copy.Tapestry).not.toBe(model.Tapestry);
  expect(copy.isTapestry(made)).toBe(true);
  expect([...copy.recordOf(made as never).knots.keys()]).toEqual(['param:x', 'one', 'add', 'same']);
});

test('a knot class of one copy is recognised by another', () => {
  class Theirs extends copy.Knot<object, number> {
    static knotName = 'theirs';
    process(): number {
      return 1;
    }
  }
  expect(model.recordOf(Theirs as never)).toMatchObject({ name: 'theirs' });
});

test('a knot of one copy hidden in a constant is found by another', () => {
  const hidden = copy.knot('one', () => 1)({}, { id: 'one', tapestry: new copy.Tapestry('t') });
  const anything = model.knot('anything', ({ value }: { value: unknown }) => value);
  expect(() => anything({ value: [hidden] }, { id: 'k', tapestry: new model.Tapestry('t') })).toThrow(
    expect.objectContaining({ code: 'HiddenKnot' }),
  );
});
