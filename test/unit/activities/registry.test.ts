import { Registry } from '../../../src/activities';
import { nodeSha256 } from '../../../src/backends';
import { knot, recordOf, tapestry, type Tapestry } from '../../../src/model';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const registryOf = (...tapestries: Tapestry[]): Registry =>
  new Registry(
    tapestries.map((one) => recordOf(one)),
    nodeSha256,
  );

/** A generic function: each call makes a definition of one name and source that captures another value. */
const constantly = (value: number) => knot('constantly', () => value);
const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubleAgain = knot('double', { version: '2' }, ({ x }: { x: number }) => x + x);

const call = (
  registry: Registry,
  tapestryName: string,
  id: string,
  name = 'constantly',
  version?: string,
): unknown => registry.definition(tapestryName, id, name, version)?.body({ x: 4 }, undefined as never);

test('a knot has the body that its tapestry places there, also where others share name and source', () => {
  const registry = registryOf(
    tapestry('one', () => {
      constantly(1)({}, { id: 'first' });
      constantly(2)({}, { id: 'second' });
    }),
    tapestry('other', () => void constantly(3)({}, { id: 'first' })),
  );
  expect([
    call(registry, 'one', 'first'),
    call(registry, 'one', 'second'),
    call(registry, 'other', 'first'),
  ]).toEqual([1, 2, 3]);
});

test('a knot that the tapestry has no more gets a body only where there can be but one', () => {
  const registry = registryOf(
    tapestry('one', () => {
      constantly(1)({}, { id: 'first' });
      constantly(2)({}, { id: 'second' });
      double({ x: 1 }, { id: 'double' });
    }),
  );
  expect(registry.definition('one', 'gone', 'constantly', undefined)).toBeUndefined();
  expect(call(registry, 'one', 'gone', 'double')).toBe(8);
  expect(call(registry, 'gone', 'gone', 'double')).toBe(8);
});

test('a version is another definition: the one that the plan names runs, or none', () => {
  const registry = registryOf(
    tapestry('old', () => void double({ x: 1 }, { id: 'd' })),
    tapestry('new', () => void doubleAgain({ x: 1 }, { id: 'd' })),
  );
  expect(registry.definition('new', 'd', 'double', '2')?.version).toBe('2');
  expect(registry.definition('new', 'd', 'double', undefined)?.version).toBeUndefined();
  expect(registry.definition('new', 'd', 'double', '3')).toBeUndefined();
  expect(registry.definition('new', 'd', 'triple', undefined)).toBeUndefined();
  expect(registry.activityTypes).toEqual(['double']);
});

test('one tapestry may be given twice, two of one name may not', () => {
  const make = () => tapestry('same', () => void double({ x: 1 }, { id: 'd' }));
  const one = make();
  expect(registryOf(one, one).tapestryNames).toEqual(['same']);
  expect(thrownBy(() => registryOf(one, make()))).toMatchObject(refusal('DuplicateTapestry', '"same"'));
});

test('two definitions of one name and version and different source are refused, with both who use them', () => {
  const other = knot('double', ({ x }: { x: number }) => x * 2 + 0);
  expect(
    thrownBy(() =>
      registryOf(
        tapestry('mine', () => void double({ x: 1 }, { id: 'd' })),
        tapestry('yours', () => void other({ x: 1 }, { id: 'd' })),
      ),
    ),
  ).toMatchObject(refusal('DuplicateDefinition', /"yours".*"double".*"mine"/));
});

test('ten thousand definitions of one generic function are no trouble', () => {
  const many = tapestry('many', () => {
    for (let i = 0; i < 10_000; i++) constantly(i)({}, { id: `k${i}` });
  });
  expect(call(registryOf(many), 'many', 'k9999')).toBe(9_999);
});
