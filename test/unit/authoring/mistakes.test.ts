import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  knot,
  Knot,
  loop,
  map,
  optional,
  reduce,
  sink,
  sleep,
  source,
  subTapestry,
  SelvageError,
  Tapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type ErrorCode,
  type StandardSchema,
} from '../../../src';
import { ERROR_REASONS } from '../../../src/errors';
import { recordOf } from '../../../src/authoring';

/*
 * What a program without types may get wrong, too: hence the definitions and calls that the compiler would refuse.
 */

const untypedKnot = knot as (...args: unknown[]) => (inputs: unknown, config?: unknown) => Knot<unknown>;
const untypedTapestry = tapestry as unknown as (...args: unknown[]) => Tapestry;
const number = z.number();
const member = z.object({ y: z.string() });
interface Branching {
  path(tag: string): unknown;
}
const any = untypedKnot('any', (inputs: unknown) => inputs);
const double = untypedKnot('double', { input: z.object({ x: number, by: number.optional() }) }, () => 1);
const strict = untypedKnot('strict', { input: z.strictObject({ x: number }) }, () => 1);
const nothing = untypedKnot('nothing', { input: z.object({}) }, () => 1);
const between = untypedKnot(
  'between',
  {
    input: z.object({ from: number, to: number }).refine(({ from, to }) => from <= to, 'must not be before'),
  },
  () => 1,
);
const table = untypedKnot('table', { input: z.record(z.string(), number) }, () => 1);
const inside = (build: (t: Tapestry) => unknown) => () => untypedTapestry('outer', build);
const placed = (config: unknown) => inside(() => any({}, config));
const asynchronous: StandardSchema = {
  '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value }) },
};
const throwing: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: () => {
      throw new Error('out of order');
    },
  },
};
/** As a library other than zod. */
const withField = (field: StandardSchema): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
  ...({ shape: { x: field } } as object),
});
const failing = untypedKnot('failing', { input: withField(throwing) }, () => 1);
class Listed extends Knot<object, number> {
  static knotName = 'listed';
  process(): number {
    return 1;
  }
}
const place = (type: unknown) => inside(() => Knot.place.call(type as typeof Listed, {}, { id: 'k' }));

/** Places a node beside parameters that are a number and a list of them. */
function node(
  place: unknown,
  options: (parameters: { x: Knot<number>; l: Knot<number[]> }) => object,
): () => Tapestry {
  return inside((t) => {
    const given = options({ x: t.parameter('x', number), l: t.parameter('l', z.array(number)) });
    (place as (given: object, config: object) => unknown)(given, { id: 'k' });
  });
}

/** For each node: a first argument with a key that it does not have, and the one that was meant. */
function unknownKeys(): Record<string, [make: () => unknown, says: string[]]> {
  const nested = new Tapestry('nested');
  const list = { over: undefined, each: () => 1 };
  const rows: [name: string, place: unknown, given: object, wrong: string, meant: string, all: string][] = [
    ['map', map, list, 'concurency', 'concurrency', 'over, each, bind, shared, concurrency, batch, onError'],
    ['source', source, { read: () => 1 }, 'raed', 'read', 'read'],
    ['sink', sink, { write: () => 1 }, 'input', 'inputs', 'inputs, write'],
    ['aggregate', aggregate, { combine: () => 1 }, 'Inputs', 'inputs', 'inputs, receives, combine'],
    ['reduce', reduce, { combine: () => 1 }, 'inital', 'initial', 'of, receives, combine, fold, initial'],
    ['gate', gate, { predicate: () => true }, 'predicat', 'predicate', 'input, inputs, predicate'],
    ['branch', branch, { on: 'y' }, 'branch', 'branches', 'input, inputs, selector, branches, on'],
    ['firstOk', firstOk, { of: [] }, 'off', 'of', 'of'],
    ['subTapestry', subTapestry, { tapestry: nested }, 'input', 'inputs', 'tapestry, inputs'],
    ['loop', loop, { step: nested }, 'untill', 'until', 'step, initial, until, max'],
    ['waitForSignal', waitForSignal, { name: 'go' }, 'shema', 'schema', 'name, schema, timeout, after'],
    ['sleep', sleep, { ms: 1 }, 'inputs', 'input', 'ms, input, after'],
    ['waitUntil', waitUntil, { time: 1 }, 'aftr', 'after', 'time, input, after'],
  ];
  return Object.fromEntries(
    rows.map(([name, place, given, wrong, meant, all]) => [
      `an unknown key in the first argument of a ${name}`,
      [
        node(place, () => ({ ...given, [wrong]: 1 })),
        [`${name} "k"`, `"${wrong}"`, `(did you mean "${meant}"?)`, `takes ${all}.`],
      ],
    ]),
  );
}

/** By code. What a message must name is the culprit and the remedy. */
const mistakes: Partial<Record<ErrorCode, Record<string, [make: () => unknown, says: string[]]>>> = {
  InvalidName: {
    'a tapestry with a name that breaks the rule': [
      () => new Tapestry('my tapestry'),
      ['tapestry name', '"my tapestry"', 'letter'],
    ],
    'a definition with a reserved name': [
      () => untypedKnot('constructor', () => 1),
      ['definition name', '"constructor"', 'reserved'],
    ],
    'a definition without a name': [
      () => untypedKnot(undefined, () => 1),
      ['definition name', 'undefined', 'string'],
    ],
    'a knot with an over-long id': [placed({ id: 'k'.repeat(201) }), ['knot name', '200 characters', '201']],
    'a knot with the id of a parameter': [
      placed({ id: 'param:x' }),
      ['"param:x"', 'parameters', 't.parameter'],
    ],
    'a knot with a number as id': [placed({ id: 7 }), ['knot name', 'number', 'string']],
    'a parameter with an empty name': [inside((t) => t.parameter('', number)), ['parameter name', 'empty']],
    'a terminal with the name of a property of all objects': [
      inside(() => ({ toString: any({}, { id: 'k' }) })),
      ['terminal name', '"toString"', 'reserved'],
    ],
    'an input that would change the prototype': [
      inside(() => any(JSON.parse('{ "__proto__": 1 }'), { id: 'k' })),
      ['"__proto__"', '"k"', 'another name'],
    ],
    'a path with an impossible id': [
      inside((t) =>
        (branch({ input: t.parameter('x', member), on: 'y' }, { id: 'k' }) as unknown as Branching).path(
          'two words',
        ),
      ),
      ['"k:two words"'],
    ],
    'a knot class with a name that breaks the rule': [
      place(
        class extends Listed {
          static override knotName = 'selvage-sum';
        },
      ),
      ['definition name', '"selvage-sum"', 'begin with "selvage"'],
    ],
  },
  MissingId: {
    'no second argument': [placed(undefined), ['"any"', "{ id: '…' }"]],
    'no id': [placed({ timeout: 5 }), ['"any"', "{ id: '…' }"]],
  },
  DuplicateId: {
    'an id used twice': [
      inside(() => {
        any({}, { id: 'k' });
        double({ x: 1 }, { id: 'k' });
      }),
      ['"outer"', '"k"', '"any"', '"double"', 'another id'],
    ],
  },
  DuplicateParameter: {
    'a parameter declared twice': [
      inside((t) => {
        t.parameter('x', number);
        t.parameter('x', number);
      }),
      ['"x"', '"outer"', 'once'],
    ],
  },
  InvalidConfig: {
    'inputs that are a knot': [
      inside((t) => any(t.parameter('x', number), { id: 'k' })),
      ['"k"', 'first argument', 'a knot', '{ name: … }'],
    ],
    'inputs that are left out': [
      inside(() => any(undefined, { id: 'k' })),
      ['"k"', 'first argument', 'undefined', '{}'],
    ],
    'an unknown option of a knot': [
      placed({ id: 'k', retries: 3 }),
      ['"retries"', '"k"', 'errorPolicy, retry, timeout', 'first argument'],
    ],
    'an input among the options': [
      placed({ id: 'k', x: 3 }),
      ['"x"', '"k"', 'inputs belong in the first argument'],
    ],
    'a map of an optional definition': [
      node(map, ({ l }) => ({ over: l, each: optional(any as never), bind: 'x' })),
      ['The map "k"', '"any", which is optional', `"onError", such as 'skip'`],
    ],
    'a gate that is cached': [
      inside((t) =>
        gate({ input: t.parameter('x', number), predicate: () => true }, {
          id: 'k',
          cache: { codeHash: 'source' },
        } as never),
      ),
      ['"cache"', 'the knot "k"', 'a gate has no value of its own'],
    ],
    'a definition that is cached and receives outcomes': [
      () => untypedKnot('d', { receives: 'outcomes', cache: true, version: '1' }, () => 1),
      ['"cache"', 'the definition "d"', 'receives outcomes', 'never reused'],
    ],
    'a definition of values that is to receive errors': [
      () => untypedKnot('d', { errorPolicy: 'receiveErrors' }, () => 1),
      ['"errorPolicy"', 'the definition "d"', "{ receives: 'outcomes' }"],
    ],
    'a tapestry whose knots are all to receive errors': [
      () => new Tapestry('t', { knots: { errorPolicy: 'receiveErrors' } } as never),
      ['"knots"', '"errorPolicy"', 'must be "skipIfParentFailed" or "requireAllParents"'],
    ],
    'an aggregate without a function': [
      node(aggregate, ({ x }) => ({ inputs: { a: x } })),
      ['aggregate "k"', 'no "combine"', 'Give a function'],
    ],
    'an aggregate of constants alone': [
      node(aggregate, () => ({ inputs: { a: 1 }, combine: () => 1 })),
      ['aggregate "k"', 'no knot among its inputs', 'at least one'],
    ],
    'a source without a function': [node(source, () => ({})), ['source "k"', 'no "read"', 'Give a function']],
    'a sink without a function': [
      node(sink, ({ x }) => ({ inputs: { a: x } })),
      ['sink "k"', 'no "write"', 'Give a function'],
    ],
    'a sink of constants alone': [
      node(sink, () => ({ inputs: { a: 1 }, write: () => 1 })),
      ['sink "k"', 'no knot among its inputs', 'at least one'],
    ],
    'a fold without initial': [
      node(reduce, ({ l }) => ({ of: l, fold: () => 1 })),
      ['reduce "k"', '"fold" and no "initial"', 'before the first element'],
    ],
    'a reduce of both kinds': [
      node(reduce, ({ l }) => ({ of: l, fold: () => 1, combine: () => 1 })),
      ['reduce "k"', 'both a "combine" and a "fold"'],
    ],
    'an aggregate that receives what there is not': [
      node(aggregate, ({ x }) => ({ inputs: { x }, receives: 'errors', combine: () => 1 })),
      ['aggregate "k"', 'receives "errors"', "'values', which is the default, or 'outcomes'"],
    ],
    'a fold that receives outcomes': [
      node(reduce, ({ l }) => ({ of: l, receives: 'outcomes', fold: () => 1, initial: 1 })),
      ['reduce "k"', '"fold" and receives outcomes', 'give a "combine"', "onError: 'collect'"],
    ],
    'an aggregate that is to receive outcomes by its policy alone': [
      inside((t) =>
        aggregate(
          { inputs: { x: t.parameter('x', number) }, combine: () => 1 },
          { id: 'k', errorPolicy: 'receiveErrors' as never },
        ),
      ),
      ['"errorPolicy" of the knot "k"', "{ …, receives: 'outcomes' }, beside its function"],
    ],
    'a reduce of nothing': [
      inside(() => reduce({ combine: () => 1 } as never, {} as never)),
      ['reduce', 'has no list'],
    ],
    'a map over nothing': [
      node(map, () => ({ over: [1, 2], each: () => 1 })),
      ['map "k"', 'no knot to go over', 'over: users'],
    ],
    'a map without a body': [
      node(map, ({ l }) => ({ over: l })),
      ['map "k"', 'no "each"', 'Give a function'],
    ],
    'a map that gives an input twice': [
      node(map, ({ l }) => ({ over: l, each: double, bind: 'x', shared: { x: 1 } })),
      ['map "k"', 'gives "x" twice'],
    ],
    'a map of a definition that receives outcomes': [
      node(map, ({ l }) => ({
        over: l,
        each: untypedKnot('tolerant', { receives: 'outcomes' }, () => 1),
        bind: 'x',
      })),
      ['map "k"', 'the definition "tolerant", which receives outcomes', '"onError"'],
    ],
    'a map over several lists with a name for one': [
      node(map, ({ l }) => ({ over: { a: l }, each: () => 1, bind: 'x' })),
      ['map "k"', 'several lists and has "bind"', 'Leave it out'],
    ],
    'a map with a name that is none': [
      node(map, ({ l }) => ({ over: l, each: () => 1, bind: 5 })),
      ['map "k"', '"bind", which is 5'],
    ],
    'a map with shared inputs that are no object': [
      inside((t) => {
        const l = t.parameter('l', z.array(number));
        map({ over: l, each: () => 1, shared: l }, { id: 'k' });
      }),
      ['map "k"', '"shared", which is a knot', 'by the names'],
    ],
    'a map of no elements at once': [
      node(map, ({ l }) => ({ over: l, each: () => 1, concurrency: 0 })),
      ['map "k"', '"concurrency", which is 0', '1 or more'],
    ],
    'a map of half an element in an activity': [
      node(map, ({ l }) => ({ over: l, each: () => 1, batch: 0.5 })),
      ['map "k"', '"batch", which is 0.5', '1 or more'],
    ],
    'a map with an unknown way to treat failures': [
      node(map, ({ l }) => ({ over: l, each: () => 1, onError: 'ignore' })),
      ['map "k"', '"onError", which is "ignore"', "'fail', 'skip' or 'collect'"],
    ],
    'a gate without a predicate': [
      node(gate, ({ x }) => ({ input: x })),
      ['gate "k"', 'no "predicate"', 'Give a function'],
    ],
    'a gate without an input': [
      node(gate, () => ({ predicate: () => true })),
      ['gate "k"', 'no "input"', 'Give a knot'],
    ],
    'a gate of a constant': [
      node(gate, () => ({ input: 5, predicate: () => true })),
      ['gate "k"', '"input", which is 5 and no knot', 'Give a knot'],
    ],
    'a branch of a constant': [
      node(branch, () => ({ input: { y: 'a' }, on: 'y' })),
      ['branch "k"', '"input", which is an object and no knot', 'Give a knot'],
    ],
    'a branch on a field with a list of tags': [
      node(branch, ({ x }) => ({ input: x, on: 'y', branches: ['a'] })),
      ['branch "k"', 'both "on" and "branches"'],
    ],
    'a combine with initial': [
      node(reduce, ({ l }) => ({ of: l, combine: () => 1, initial: 0 })),
      ['reduce "k"', 'both a "combine" and an "initial"'],
    ],
    ...unknownKeys(),
    'a node without a first argument': [
      inside(() => (source as (...args: unknown[]) => unknown)(undefined, { id: 'k' })),
      ['source "k"', 'a first argument that is undefined', 'source({ read }'],
    ],
    'a node of a knot alone': [
      inside((t) => aggregate(t.parameter('x', number) as never, { id: 'k' })),
      ['aggregate "k"', 'a first argument that is a knot'],
    ],
    'a gate over one input and over several': [
      node(gate, ({ x }) => ({ input: x, inputs: { x }, predicate: () => true })),
      ['gate "k"', 'both "input" and "inputs"'],
    ],
    'a gate over several inputs without a knot': [
      node(gate, () => ({ inputs: { a: 1 }, predicate: () => true })),
      ['gate "k"', 'no knot among its inputs', 'gate({ inputs: { a, b }, … })'],
    ],
    'a branch over several inputs, by a field': [
      node(branch, ({ x }) => ({ inputs: { x }, on: 'x' })),
      ['branch "k"', 'both "inputs" and "on"'],
    ],
    'an option of the framework in the first argument of a node': [
      node(map, ({ l }) => ({ over: l, each: () => 1, retry: { maximumAttempts: 2 } })),
      ['map "k"', '"retry"', "second argument: map({ … }, { id: '…', retry: … })"],
    ],
    'a misspelt option of a knot': [placed({ id: 'k', timout: 3 }), ['"timout"', 'did you mean "timeout"?']],
    'a branch without a list of tags': [
      node(branch, ({ x }) => ({ input: x, selector: () => 'a' })),
      ['branch "k"', 'no list of different tags in "branches"'],
    ],
    'a branch with one tag twice': [
      node(branch, ({ x }) => ({ input: x, selector: () => 'a', branches: ['a', 'a'] })),
      ['branch "k"', 'different tags'],
    ],
    'a branch that says nothing of how it chooses': [
      node(branch, ({ x }) => ({ input: x })),
      ['branch "k"', 'neither a "selector" nor "on"'],
    ],
    'a branch that says it twice': [
      node(branch, ({ x }) => ({ input: x, on: 'y', selector: () => 'a', branches: ['a'] })),
      ['branch "k"', 'both a "selector" and "on"'],
    ],
    'a path that a branch does not have': [
      inside((t) =>
        branch({ input: t.parameter('x', number), selector: () => 'a', branches: ['a'] }, { id: 'k' }).path(
          'b' as 'a',
        ),
      ),
      ['branch "k"', 'no path "b"', '"a"'],
    ],
    'a firstOk of nothing': [node(firstOk, () => ({ of: [] })), ['firstOk "k"', 'no list of knots']],
    'a firstOk of a value': [node(firstOk, () => ({ of: [3] })), ['firstOk "k"', 'no list of knots']],
    'a tapestry for a knot that is none': [
      placed({ id: 'k', tapestry: 'outer' }),
      ['"tapestry"', '"k"', 'new Tapestry(name)'],
    ],
    'an unknown option of a definition': [
      () => untypedKnot('d', { inputs: z.object({}) }, () => 1),
      ['"inputs"', 'definition "d"', 'input, output, version and receives'],
    ],
    'an unknown option of a tapestry': [
      () => untypedTapestry('t', { deadline: 5 }, () => undefined),
      ['"deadline"', 'tapestry "t"', 'knots, failOn, description'],
    ],
    'a wrong option for all knots of a tapestry': [
      () => new Tapestry('t', { knots: { timeout: -1 } }),
      ['"knots"', 'tapestry "t"', '"timeout", which must be a positive number'],
    ],
    'a wrong failOn': [
      () => untypedTapestry('t', { failOn: 'always' }, () => undefined),
      ['"failOn"', 'tapestry "t"', '"unhandled" or "any" or "never"', 'always'],
    ],
    'options of a tapestry that are no object': [
      () => untypedTapestry('t', 5, () => undefined),
      ['tapestry "t"', 'an object', '5'],
    ],
    'parameters of a tapestry that are a list': [
      () => untypedTapestry('t', { parameters: [number] }, () => undefined),
      ['"parameters"', 'tapestry "t"', '{ x: z.number() }'],
    ],
    'a tapestry without a build function': [
      () => untypedTapestry('t', {}),
      ['"t"', 'build function', 'tapestry(name, (t) => { … })'],
    ],
    'a parameter without a schema': [
      inside((t) => t.parameter('x', undefined as never)),
      ['"x"', '"outer"', 'schema', 'z.number()'],
    ],
    'a parameter declared in the options without a schema': [
      () => untypedTapestry('t', { parameters: { x: 'number' } }, () => undefined),
      ['"x"', '"t"', 'schema'],
    ],
    'an unknown option of a parameter': [
      inside((t) => t.parameter('x', number, { optional: true } as object)),
      ['"x"', '"optional"', '"default"'],
    ],
    'options of a parameter that are no object': [
      inside((t) => t.parameter('x', number, 5 as never)),
      ['"x"', '{ default: … }'],
    ],
    'something registered that is no knot': [
      () => new Tapestry('one').register(double as never),
      ['"one"', 'not a knot'],
    ],
    'the record of what has none': [() => recordOf(5 as never), ['tapestry, knot or definition', 'number']],
  },
  UnknownInput: {
    'an unknown input': [
      inside(() => double({ x: 1, y: 2 }, { id: 'k' })),
      ['"y"', '"k"', '"double"', 'x, by', 'second argument'],
    ],
    'an unknown input of a strict schema': [
      inside(() => strict({ x: 1, y: 2 }, { id: 'k' })),
      ['"y"', '"k"', '"strict"'],
    ],
    'an input of a definition without inputs': [
      inside(() => nothing({ y: 2 }, { id: 'k' })),
      ['"y"', '"k"', 'no inputs'],
    ],
    'a map whose definition does not take the element': [
      node(map, ({ l }) => ({ over: l, each: double, bind: 'z' })),
      ['"z"', 'knot "k" (definition "double")', 'it has x, by'],
    ],
  },
  MissingInput: {
    'a missing input': [inside(() => double({ by: 2 }, { id: 'k' })), ['"x"', '"k"', '"double"', 'optional']],
    'a required input that is undefined': [
      inside(() => double({ x: undefined }, { id: 'k' })),
      ['"x"', '"k"'],
    ],
    'a map that leaves an input of its definition out': [
      node(map, ({ l }) => ({ over: l, each: double, bind: 'by' })),
      ['"x" of the knot "k" (definition "double")'],
    ],
  },
  HiddenKnot: {
    'a knot hidden in a constant': [
      inside((t) => any({ config: { list: [0, { at: t.parameter('x', number) }] } }, { id: 'k' })),
      ['"config"', '"k"', '"param:x"', 'config.list[1].at', 'input of its own'],
    ],
    'a definition as an input': [
      inside(() => any({ x: double }, { id: 'k' })),
      ['"x"', '"k"', 'definition "double"', 'Place it first'],
    ],
    'a tapestry as an input': [inside((t) => any({ x: t }, { id: 'k' })), ['"x"', '"k"', 'tapestry "outer"']],
    'a knot hidden in what the elements of a map share': [
      inside((t) => {
        const l = t.parameter('l', z.array(number));
        map({ over: l, each: () => 1, shared: { of: [l] } }, { id: 'k' });
      }),
      ['"shared.of"', 'knot "k"', 'knot "param:l"'],
    ],
  },
  InvalidInput: {
    'a constant that its own schema refuses': [
      inside(() => double({ x: 'one' }, { id: 'k' })),
      ['The input "x" of the knot "k" (definition "double")', 'expected number', '`validate: false`'],
    ],
    'a constant of a schema that fails on it': [
      inside(() => failing({ x: 1 }, { id: 'k' })),
      ['"x"', '"k"', 'out of order'],
    ],
    'a constant beside a parent': [
      inside((t) => double({ x: t.parameter('x', number), by: '2' }, { id: 'k' })),
      ['The input "by" of the knot "k"'],
    ],
    'a constant that the elements of a map share': [
      node(map, ({ l }) => ({ over: l, each: double, bind: 'x', shared: { by: '2' } })),
      ['The input "by" of the knot "k" (definition "double")', 'expected number'],
    ],
    'constants that go together badly': [
      inside(() => between({ from: 3, to: 2 }, { id: 'k' })),
      ['The inputs of the knot "k" (definition "between")', 'must not be before'],
    ],
    'constants of a schema that shows no names': [
      inside(() => table({ x: 'one' }, { id: 'k' })),
      ['The inputs of the knot "k"', 'expected number'],
    ],
  },
  KnotUsedAsValue: {
    'a knot in a template string': [
      inside((t) => `v ${t.parameter('x', number) as never}`),
      ['"param:x"', 'text', 'as an input'],
    ],
    'a knot in an addition': [
      inside(
        (t) => (any({}, { id: 'k' }) as never as number) + (t.parameter('x', number) as never as number),
      ),
      ['"k"', 'as an input, ({ k }, {', '({ k }) => …'],
    ],
    'a knot in a comparison': [
      inside((t) => (t.parameter('x', number) as never as number) > 3),
      ['"param:x"', 'a number'],
    ],
    'a knot in JSON': [
      inside((t) => JSON.stringify({ at: t.parameter('x', number) })),
      ['"param:x"', 'JSON'],
    ],
    'a knot as text': [
      inside((t) => (t.parameter('x', number) as never as Date).toString()),
      ['"param:x"', 'text'],
    ],
    'a knot joined with others': [
      inside((t) => [t.parameter('x', number) as never].join()),
      ['"param:x"', 'text'],
    ],
    'the value of a knot': [
      inside((t) => (t.parameter('x', number) as never as Date).valueOf()),
      ['"param:x"', 'a value'],
    ],
  },
  ForeignKnot: {
    'a knot of another tapestry as an input': [
      inside(() => any({ a: new Tapestry('other').parameter('x', number) }, { id: 'k' })),
      ['"param:x"', '"other"', 'input "a" of the knot "k"', '"outer"', 'Place its definition'],
    ],
    'parents of two tapestries': [
      () => {
        const a = new Tapestry('one').parameter('x', number);
        const b = new Tapestry('two').parameter('y', number);
        any({ a, b }, { id: 'k' });
      },
      ['"param:y"', '"two"', 'input "b"', '"one"'],
    ],
    'a terminal of another tapestry': [
      inside(() => ({ x: new Tapestry('other').parameter('x', number) })),
      ['"param:x"', '"other"', 'terminal "x"', '"outer"'],
    ],
    'a knot registered with another tapestry': [
      () => new Tapestry('one').register(new Tapestry('other').parameter('x', number)),
      ['"param:x"', '"other"', 'register', '"one"'],
    ],
  },
  CacheWithoutVersion: {
    'a knot that is cached and has no version': [
      placed({ id: 'k', cache: { maxAge: 5 } }),
      [
        'the knot "k"',
        'the definition "any"',
        "knot('any', { version: '1', cache: true }",
        "codeHash: 'source'",
      ],
    ],
    'a definition that is cached and has no version': [
      () => untypedKnot('d', { cache: true }, () => 1),
      ['the definition "d"', "version: '1'"],
    ],
    'a tapestry whose knots are all cached, and one has no version': [
      () => untypedTapestry('t', { knots: { cache: true } }, () => void any({ x: 1 }, { id: 'k' })),
      ['the knot "k"', 'the definition "any"'],
    ],
    'a knot that is cached with its function in place': [
      inside((t) =>
        aggregate(
          { inputs: { x: t.parameter('x', number) }, combine: ({ x }) => x },
          { id: 'k', cache: true },
        ),
      ),
      ['the knot "k"', 'written in place', "cache: { codeHash: 'source' }"],
    ],
    'a map whose elements are cached and have no version': [
      inside((t) =>
        map(
          { over: t.parameter('x', z.array(number)), each: any as never, bind: 'x' },
          { id: 'k', cache: true },
        ),
      ),
      ['the knot "k"', 'definition "any" has no version', "cache: { codeHash: 'source' }"],
    ],
  },
  InvalidDefinition: {
    'a definition that receives what there is not': [
      () => untypedKnot('d', { receives: 'errors' }, () => 1),
      ['"d"', 'receives "errors"', "'values' or 'outcomes'"],
    ],
    'a definition that receives outcomes and has an input schema': [
      () => untypedKnot('d', { receives: 'outcomes', input: z.object({}) }, () => 1),
      ['"d"', 'input schema', 'Leave the schema out'],
    ],
    'an optional definition of what is none': [
      () => optional((() => 1) as never),
      ['`optional`', 'Optional(Knot)'],
    ],
    'a definition without a body': [() => untypedKnot('d'), ['"d"', 'no body', 'knot(name, body)']],
    'a definition whose options are no object': [
      () => untypedKnot('d', null, () => 1),
      ['"d"', 'options', 'null'],
    ],
    'an input schema that is none': [
      () => untypedKnot('d', { input: { x: 'number' } }, () => 1),
      ['"d"', 'input is not a schema', 'Standard Schema'],
    ],
    'an output schema that is none': [
      () => untypedKnot('d', { output: Number }, () => 1),
      ['"d"', 'output is not a schema', 'Standard Schema'],
    ],
    'a version that is a number': [
      () => untypedKnot('d', { version: 2 }, () => 1),
      ['"d"', 'version', "'2'"],
    ],
    'a knot class without a name': [
      place(
        class Nameless extends Knot<object, number> {
          process(): number {
            return 1;
          }
        },
      ),
      ['Nameless', 'static knotName'],
    ],
    'a knot class that inherits its name': [place(class Heir extends Listed {}), ['Heir', 'static knotName']],
    'a knot class with state': [
      place(
        class Counter extends Listed {
          static override knotName = 'counter';
          count = 0;
        },
      ),
      ['Counter', '"count"', 'ctx.resources'],
    ],
    'a knot class whose constructor throws': [
      place(
        class Fragile extends Listed {
          static override knotName = 'fragile';
          constructor() {
            super();
            throw new Error('needs a pool');
          }
        },
      ),
      ['Fragile', 'constructor', 'ctx.resources'],
    ],
    'a knot class without a body': [
      place(
        // @ts-expect-error the compiler sees it as well
        class Bodyless extends Knot<object, number> {
          static knotName = 'bodyless';
        },
      ),
      ['Bodyless', 'process(inputs, ctx)'],
    ],
    'the base class placed itself': [place(Knot), ['Knot', 'extends Knot']],
  },
  InvalidDefault: {
    'a default that the schema refuses': [
      inside((t) =>
        t.parameter('x', z.object({ user: z.object({ age: number }) }), {
          default: { user: { age: 'old' } },
        } as never),
      ),
      ['"x"', '"outer"', 'user.age', 'expected number'],
    ],
    'a default whose schema is asynchronous': [
      inside((t) => t.parameter('x', asynchronous, { default: 1 })),
      ['"x"', 'asynchronous', 'synchronous schema'],
    ],
    'a default whose schema throws': [
      inside((t) => t.parameter('x', throwing, { default: 1 })),
      ['"x"', 'out of order'],
    ],
  },
  NoTapestry: {
    'a knot outside of any tapestry': [
      () => any({ a: 1 }, { id: 'k' }),
      ['"k"', 'tapestry(name', "{ id: 'k', tapestry: t }"],
    ],
  },
  AsyncBuild: {
    'an asynchronous build': [inside(async () => undefined), ['"outer"', 'asynchronous', 'plain function']],
  },
  TapestryClosed: {
    'a knot placed in a tapestry that was built': [
      () => any({}, { id: 'late', tapestry: inside(() => void any({}, { id: 'k' }))() }),
      ['"outer"', '"late"', 'build function'],
    ],
    'a parameter of a tapestry that is in use': [
      () => {
        const made = new Tapestry('made');
        recordOf(made);
        made.parameter('late', number);
      },
      ['"made"', '"late"'],
    ],
  },
  UnknownTerminal: {
    'no terminals': [inside(() => ({})), ['"outer"', 'empty', 'return nothing']],
    'a terminal that is no knot': [inside(() => ({ five: 5 })), ['"five"', '"outer"', 'not a knot']],
    'a knot instead of terminals': [inside(() => any({}, { id: 'k' })), ['"outer"', 'return { answer }']],
  },
};

/** Values of options of a knot that are refused, and with what words. */
const options: readonly [option: string, value: unknown, complaint: string][] = [
  ['timeout', 0, 'positive number of milliseconds'],
  ['timeout', Number.POSITIVE_INFINITY, 'positive number of milliseconds'],
  ['timeout', '5 parsecs', 'positive number of milliseconds, or a text such as "10s", and is "5 parsecs"'],
  ['cancelGrace', -1, '0 or more'],
  ['retry', 3, 'must be an object'],
  ['retry', { attempts: 3 }, '"attempts", which is no option'],
  ['retry', { maximumAttempts: 0 }, '"maximumAttempts", which must be a whole number'],
  ['retry', { maximumAttempts: 1.5 }, '"maximumAttempts", which must be a whole number'],
  ['retry', { backoffCoefficient: 0.5 }, '"backoffCoefficient", which must be a number, 1 or more'],
  ['retry', { initialInterval: 50, maximumInterval: 20 }, '"maximumInterval", which must not be shorter'],
  ['retry', { nonRetryableErrors: 'TypeError' }, '"nonRetryableErrors", which must be a list of texts'],
  [
    'errorPolicy',
    'ignore',
    'must be "skipIfParentFailed" or "requireAllParents" or "receiveErrors", and is "ignore"',
  ],
  ['errorPolicy', 'receiveErrors', `the definition "any" takes values. Say so in the definition`],
  ['optional', true, 'is no option'],
  ['dispatcher', 'gpu', 'must be an object'],
  ['dispatcher', { taskQueue: 'gpu' }, 'must have "kind"'],
  ['dispatcher', { kind: 'queue', taskQueue: '' }, '"taskQueue", which must be a text'],
  ['dispatcher', { kind: 'local', taskQueue: 'gpu' }, '"taskQueue", which is no option; there are kind'],
  ['dispatcher', { kind: 'remote' }, 'must be "queue" or "local"'],
  ['onCodeChange', 'fail', 'must be "run" or "wait", and is "fail"'],
  ['summary', 'two\nlines', 'single line'],
  ['cache', 'yes', 'must be true, false, or an object'],
  ['cache', { maxAge: 0 }, '"maxAge", which must be a positive number of milliseconds'],
  ['cache', { codeHash: 'body' }, '"codeHash", which must be "source"'],
  ['cache', { ttl: 5 }, '"ttl", which is no option; there are maxAge, codeHash'],
  ['maxConcurrent', 0, 'must be a whole number, 1 or more, or { key, limit }, and is 0'],
  ['maxConcurrent', '3', 'must be a whole number, 1 or more, or { key, limit }, and is "3"'],
  ['maxConcurrent', { limit: 3 }, 'must have "key"'],
  ['maxConcurrent', { key: 'api' }, 'must have "limit"'],
  ['maxConcurrent', { key: '', limit: 3 }, '"key", which must be a text'],
  ['maxConcurrent', { key: 'a'.repeat(201), limit: 3 }, '"key", which must have at most 200 bytes'],
  ['maxConcurrent', { key: 'api', limit: 1.5 }, '"limit", which must be a whole number'],
  ['maxConcurrent', { key: 'api', limit: 1, per: 'run' }, '"per", which is no option'],
  ['ratePerSecond', 0, 'must be a number above 0, or { key, limit }'],
  ['ratePerSecond', Number.POSITIVE_INFINITY, 'must be a number above 0'],
  ['ratePerSecond', { key: 'api', limit: -1 }, '"limit", which must be a number above 0'],
  ['priority', 0, 'must be a whole number from 1 (first) to 5 (last), and is 0'],
  ['priority', 6, 'from 1 (first) to 5 (last)'],
  ['priority', 'high', 'from 1 (first) to 5 (last)'],
];

const rows = [
  ...Object.entries(mistakes).flatMap(([code, ofCode]) =>
    Object.entries(ofCode).map(([mistake, [make, says]]) => ({ mistake, code, make, says })),
  ),
  ...options.map(([option, value, complaint]) => ({
    mistake: `the option ${option} of ${JSON.stringify(value)}`,
    code: 'InvalidConfig',
    make: placed({ id: 'k', [option]: value }),
    says: [`"${option}"`, 'the knot "k"', complaint],
  })),
];

test.each(rows)('an authoring mistake is one error: $mistake: $code', ({ code, says, make }) => {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(SelvageError.is(thrown) ? thrown.code : thrown).toBe(code);
  const reasons = ERROR_REASONS[code as keyof typeof ERROR_REASONS] as object | undefined;
  if (reasons) expect(Object.keys(reasons)).toContain((thrown as SelvageError).details['reason']);
  for (const part of says) expect((thrown as Error).message).toContain(part);
});
