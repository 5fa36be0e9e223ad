import { z } from 'zod';
import { knot, Knot, queue, Tapestry, tapestry } from '../../../src';
import { isTapestry, recordOf } from '../../../src/authoring';

const add = knot('add', ({ a, b }: { a: number; b?: number }) => a + (b ?? 0));
const one = knot('one', () => 1);

test('a placement has parents, constants and options, in the order given', () => {
  const made = tapestry('made', (t) => {
    const x = t.parameter('x', z.number());
    const y = one({}, { id: 'y' });
    return { sum: add({ b: x, a: y }, { id: 'sum' }), two: add({ a: 2 }, { id: 'two', summary: 'two' }) };
  });
  const { name, knots, parameters, terminals } = recordOf(made);
  const sum = knots.get('sum')!;

  expect(name).toBe('made');
  expect(made.name).toBe('made');
  expect([...knots.keys()]).toEqual(['param:x', 'y', 'sum', 'two']);
  expect([...sum.inputs]).toEqual([
    ['b', { kind: 'parent', knot: parameters.get('x')!.knot }],
    ['a', { kind: 'parent', knot: knots.get('y') }],
  ]);
  expect(sum.definition).toBe(recordOf(add));
  expect(parameters.get('x')!.knot.definition).toBeUndefined();
  expect([...knots.get('two')!.inputs]).toEqual([['a', { kind: 'constant', value: 2 }]]);
  expect(knots.get('two')!.options).toEqual({ summary: 'two' });
  expect([...terminals!]).toEqual([
    ['sum', sum],
    ['two', knots.get('two')],
  ]);
});

test('a knot shows its id and nothing else', () => {
  const t = new Tapestry('t');
  const x = t.parameter('x', z.number());
  expect(Object.keys(x)).toEqual(['id']);
  expect(x.id).toBe('param:x');
  expect(Object.prototype.toString.call(one({}, { id: 'one', tapestry: t }))).toBe('[object Object]');
});

test('an input that is undefined is absent; null, false and 0 are values', () => {
  const anything = knot('anything', (inputs: Record<string, unknown>) => inputs);
  const t = new Tapestry('t');
  const placed = anything({ a: undefined, b: null, c: false, d: 0 }, { id: 'k', tapestry: t });
  expect([...recordOf(placed).inputs.keys()]).toEqual(['b', 'c', 'd']);
});

test('a definition has its name, version, schemas and the source of its body', () => {
  const input = z.object({ x: z.number() });
  const output = z.number();
  const double = knot('double', { input, output, version: '2' }, ({ x }) => x * 2);
  const record = recordOf(double);

  expect(double.name).toBe('double');
  expect(record).toMatchObject({ name: 'double', version: '2', options: {} });
  expect(record.input).toBe(input);
  expect(record.output).toBe(output);
  expect(record.source).toBe(record.body.toString());
  expect(record.source).toContain('x * 2');
});

test('what a knot does not say is said by its definition, then by its tapestry', () => {
  const definition = knot('d', { timeout: 20, retry: { maximumAttempts: 2 } }, () => 1);
  const made = tapestry('t', { knots: { timeout: 10, cancelGrace: 5, dispatcher: queue() } }, () => {
    one({}, { id: 'a' });
    definition({}, { id: 'b' });
    definition(
      {},
      { id: 'c', timeout: 30, retry: { initialInterval: 7 }, dispatcher: queue('gpu'), summary: undefined },
    );
  });
  const options = [...recordOf(made).knots.values()].map((record) => record.options);
  expect(options).toStrictEqual([
    { timeout: 10, cancelGrace: 5, dispatcher: { kind: 'queue' } },
    { timeout: 20, cancelGrace: 5, dispatcher: { kind: 'queue' }, retry: { maximumAttempts: 2 } },
    {
      timeout: 30,
      cancelGrace: 5,
      dispatcher: { kind: 'queue', taskQueue: 'gpu' },
      retry: { initialInterval: 7 },
    },
  ]);
});

test('options are taken as they are when the knot is placed', () => {
  const retry = { maximumAttempts: 2, nonRetryableErrors: ['TypeError'] };
  const placed = one({}, { id: 'k', retry, tapestry: new Tapestry('t') });
  retry.maximumAttempts = 9;
  retry.nonRetryableErrors.push('RangeError');
  expect(recordOf(placed).options.retry).toEqual({ maximumAttempts: 2, nonRetryableErrors: ['TypeError'] });
});

test('nothing returned: the terminals are left to the compiler', () => {
  const made = tapestry('t', () => {
    one({}, { id: 'k' });
  });
  expect(recordOf(made).terminals).toBeUndefined();
});

test('terminals said in build stand unless build returns others', () => {
  const said = tapestry('t', (t) => {
    t.terminals({ a: one({}, { id: 'k' }) });
  });
  const returned = tapestry('t', (t) => {
    const k = one({}, { id: 'k' });
    t.terminals({ a: k });
    return { b: k };
  });
  expect([...recordOf(said).terminals!.keys()]).toEqual(['a']);
  expect([...recordOf(returned).terminals!.keys()]).toEqual(['b']);
});

test('build runs once, at once', () => {
  const build = jest.fn(() => ({ k: one({}, { id: 'k' }) }));
  const made = tapestry('t', build);
  recordOf(made);
  recordOf(made);
  expect(build).toHaveBeenCalledTimes(1);
});

test('a tapestry built while another is built has its own knots', () => {
  let inner: Tapestry | undefined;
  const outer = tapestry('outer', () => {
    one({}, { id: 'before' });
    inner = tapestry('inner', () => {
      one({}, { id: 'within' });
    });
    one({}, { id: 'after' });
  });
  expect([...recordOf(outer).knots.keys()]).toEqual(['before', 'after']);
  expect([...recordOf(inner!).knots.keys()]).toEqual(['within']);
});

test('a build that fails leaves no tapestry ambient, and its error as it is', () => {
  const failure = new Error('no luck');
  const build = (): void => {
    throw failure;
  };
  expect(() => tapestry('t', build)).toThrow(failure);
  expect(() => one({}, { id: 'k' })).toThrow(expect.objectContaining({ code: 'NoTapestry' }));
});

test('an asynchronous build that fails later does not end the process', async () => {
  const unheard = jest.fn();
  process.on('unhandledRejection', unheard);
  const build = async (): Promise<void> => {
    await Promise.resolve();
    one({}, { id: 'late' });
  };
  expect(() => tapestry('t', build as never)).toThrow(expect.objectContaining({ code: 'AsyncBuild' }));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unheard);
  expect(unheard).not.toHaveBeenCalled();
});

test('by hand: knots go where they are told to, else to their parents', () => {
  const t = new Tapestry('t', { failOn: 'any' });
  const x = t.parameter('x', z.number());
  const told = one({}, { id: 'told', tapestry: t });
  const followed = t.register(add({ a: x, b: told }, { id: 'followed' }));
  const other = tapestry('other', () => {
    one({}, { id: 'elsewhere', tapestry: t });
    one({}, { id: 'here' });
  });
  expect(t.terminals({ followed })).toBe(t);

  expect([...recordOf(other).knots.keys()]).toEqual(['here']);
  expect([...recordOf(t).knots.keys()]).toEqual(['param:x', 'told', 'followed', 'elsewhere']);
  expect([...recordOf(t).terminals!.keys()]).toEqual(['followed']);
  expect(recordOf(t).options).toEqual({ failOn: 'any' });
});

test('a definition is placed any number of times, in any number of tapestries', () => {
  const [first, second] = ['first', 'second'].map((name) =>
    tapestry(name, () => {
      add({ a: one({}, { id: 'one' }) }, { id: 'a' });
      add({ a: one({}, { id: 'two' }) }, { id: 'b' });
    }),
  );
  expect([...recordOf(first!).knots.keys()]).toEqual(['one', 'a', 'two', 'b']);
  expect([...recordOf(second!).knots.keys()]).toEqual(['one', 'a', 'two', 'b']);
});

test('a mistaken placement leaves nothing behind', () => {
  const made = tapestry('t', () => {
    expect(() => one({}, { id: 'k', timeout: -1 })).toThrow();
    one({}, { id: 'k' });
  });
  expect(recordOf(made).knots.size).toBe(1);
});

test.each([
  ['a tapestry', tapestry('t', () => void one({}, { id: 'k' })), true],
  ['a tapestry made by hand', new Tapestry('t'), true],
  ['a definition', one, false],
  ['a class', Knot, false],
  ['the class of tapestries', Tapestry, false],
  ['null', null, false],
  ['text', 'tapestry', false],
])('isTapestry of %s', (_what, value, expected) => {
  expect(isTapestry(value)).toBe(expected);
});

test('100,000 knots in a chain are wired without recursion', () => {
  const made = tapestry('chain', (t) => {
    let last: Knot<number> = t.parameter('x', z.number());
    for (let index = 0; index < 100_000; index++) last = add({ a: last }, { id: `k${index}` });
    return { last };
  });
  expect(recordOf(made).knots.size).toBe(100_001);
});
