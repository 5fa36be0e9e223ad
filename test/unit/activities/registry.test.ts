import { Registry } from '../../../src/activities';
import { nodeSha256 } from '../../../src/backends';
import { aggregate, knot, recordOf, tapestry, type Tapestry } from '../../../src/authoring';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const registryOf = (...tapestries: Tapestry[]): Registry =>
  new Registry(
    tapestries.map((one) => recordOf(one)),
    nodeSha256,
  );

const valueOf = <T>({ value }: { value: T }): { of: T } => ({ of: value });
/** Each call makes a definition of one function. */
const generic = <T>() => knot('generic', valueOf<T>);
/** Each call makes another function, which captures another value. */
const constantly = (value: number) => knot('constantly', () => value);
const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubleAgain = knot('double', { version: '2' }, ({ x }: { x: number }) => x + x);

const call = (registry: Registry, tapestryName: string, id: string, name: string): unknown =>
  registry.definition(tapestryName, id, name, undefined)?.body({ x: 4 }, undefined as never);

test('a knot with its function in place has the one that is there', () => {
  const tripled = (name: string, by: number) =>
    tapestry(name, () => {
      const d = double({ x: 1 }, { id: 'd' });
      aggregate({ inputs: { d }, combine: () => by }, { id: 'first' });
      aggregate({ inputs: { d }, combine: () => by }, { id: 'second' });
    });
  const registry = registryOf(tripled('one', 1), tripled('other', 2));
  const name = 'selvage.aggregate';
  expect([call(registry, 'one', 'first', name), call(registry, 'other', 'second', name)]).toEqual([1, 2]);
  expect(registry.definition('one', 'gone', name, undefined)).toBeUndefined();
});

test('a knot that the tapestry has no more gets the body of its definition, wherever that is placed', () => {
  const registry = registryOf(tapestry('one', () => void double({ x: 1 }, { id: 'double' })));
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

test('definitions of one function are one, and those of two functions of one source are refused', () => {
  const texts = tapestry('texts', () => void generic<string>()({ value: 'a' }, { id: 'one' }));
  const numbers = tapestry('numbers', () => void generic<number>()({ value: 1 }, { id: 'one' }));
  expect(registryOf(texts, numbers).activityTypes).toEqual(['generic']);
  const one = tapestry('one', () => void constantly(1)({}, { id: 'one' }));
  const two = tapestry('two', () => void constantly(2)({}, { id: 'two' }));
  expect(thrownBy(() => registryOf(one, two))).toMatchObject(
    refusal('DuplicateDefinition', /"two".*"constantly".*"one".*captured different values/),
  );
});

test('ten thousand definitions of one function are no trouble', () => {
  const many = tapestry('many', () => {
    for (let i = 0; i < 10_000; i++) generic<number>()({ value: i }, { id: `k${i}` });
  });
  expect(registryOf(many).registered('generic', undefined)).toMatchObject({ receives: 'values' });
});
