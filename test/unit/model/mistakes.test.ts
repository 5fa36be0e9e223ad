import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  knot,
  Knot,
  map,
  optional,
  reduce,
  sink,
  source,
  SelvageError,
  Tapestry,
  tapestry,
  type ErrorCode,
  type StandardSchema,
} from '../../../src';
import { recordOf } from '../../../src/model';

/**
 * What a program without types may get wrong, too: hence the definitions and calls that the compiler would refuse. One row
 * per mistake; `says` is what the message must name: the culprit and the remedy.
 */
interface Mistake {
  readonly mistake: string;
  readonly code: ErrorCode;
  readonly says: readonly string[];
  readonly make: () => unknown;
}

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
class Listed extends Knot<object, number> {
  static knotName = 'listed';
  process(): number {
    return 1;
  }
}
const place = (type: unknown) => inside(() => Knot.place.call(type as typeof Listed, {}, { id: 'k' }));

const mistakes: readonly Mistake[] = [
  // names
  {
    mistake: 'a tapestry with a name that breaks the rule',
    code: 'InvalidName',
    says: ['tapestry name', '"my tapestry"', 'letter'],
    make: () => new Tapestry('my tapestry'),
  },
  {
    mistake: 'a definition with a reserved name',
    code: 'InvalidName',
    says: ['definition name', '"constructor"', 'reserved'],
    make: () => untypedKnot('constructor', () => 1),
  },
  {
    mistake: 'a definition without a name',
    code: 'InvalidName',
    says: ['definition name', 'undefined', 'string'],
    make: () => untypedKnot(undefined, () => 1),
  },
  {
    mistake: 'a knot with an over-long id',
    code: 'InvalidName',
    says: ['knot name', '200 characters', '201'],
    make: placed({ id: 'k'.repeat(201) }),
  },
  {
    mistake: 'a knot with the id of a parameter',
    code: 'InvalidName',
    says: ['"param:x"', 'parameters', 't.parameter'],
    make: placed({ id: 'param:x' }),
  },
  {
    mistake: 'a knot with a number as id',
    code: 'InvalidName',
    says: ['knot name', 'number', 'string'],
    make: placed({ id: 7 }),
  },
  {
    mistake: 'a parameter with an empty name',
    code: 'InvalidName',
    says: ['parameter name', 'empty'],
    make: inside((t) => t.parameter('', number)),
  },
  {
    mistake: 'a terminal with the name of a property of all objects',
    code: 'InvalidName',
    says: ['terminal name', '"toString"', 'reserved'],
    make: inside(() => ({ toString: any({}, { id: 'k' }) })),
  },
  {
    mistake: 'an input that would change the prototype',
    code: 'InvalidName',
    says: ['"__proto__"', '"k"', 'another name'],
    make: inside(() => any(JSON.parse('{ "__proto__": 1 }'), { id: 'k' })),
  },

  // ids
  {
    mistake: 'no second argument',
    code: 'MissingId',
    says: ['"any"', "{ id: '…' }"],
    make: placed(undefined),
  },
  { mistake: 'no id', code: 'MissingId', says: ['"any"', "{ id: '…' }"], make: placed({ timeout: 5 }) },
  {
    mistake: 'an id used twice',
    code: 'DuplicateId',
    says: ['"outer"', '"k"', '"any"', '"double"', 'another id'],
    make: inside(() => {
      any({}, { id: 'k' });
      double({ x: 1 }, { id: 'k' });
    }),
  },
  {
    mistake: 'a parameter declared twice',
    code: 'DuplicateParameter',
    says: ['"x"', '"outer"', 'once'],
    make: inside((t) => {
      t.parameter('x', number);
      t.parameter('x', number);
    }),
  },

  // inputs
  {
    mistake: 'inputs that are a knot',
    code: 'InvalidConfig',
    says: ['"k"', 'first argument', 'a knot', '{ name: … }'],
    make: inside((t) => any(t.parameter('x', number), { id: 'k' })),
  },
  {
    mistake: 'inputs that are left out',
    code: 'InvalidConfig',
    says: ['"k"', 'first argument', 'undefined', '{}'],
    make: inside(() => any(undefined, { id: 'k' })),
  },
  {
    mistake: 'an unknown input',
    code: 'UnknownInput',
    says: ['"y"', '"k"', '"double"', 'x, by', 'second argument'],
    make: inside(() => double({ x: 1, y: 2 }, { id: 'k' })),
  },
  {
    mistake: 'an unknown input of a strict schema',
    code: 'UnknownInput',
    says: ['"y"', '"k"', '"strict"'],
    make: inside(() => strict({ x: 1, y: 2 }, { id: 'k' })),
  },
  {
    mistake: 'an input of a definition without inputs',
    code: 'UnknownInput',
    says: ['"y"', '"k"', 'no inputs'],
    make: inside(() => nothing({ y: 2 }, { id: 'k' })),
  },
  {
    mistake: 'a missing input',
    code: 'MissingInput',
    says: ['"x"', '"k"', '"double"', 'optional'],
    make: inside(() => double({ by: 2 }, { id: 'k' })),
  },
  {
    mistake: 'a required input that is undefined',
    code: 'MissingInput',
    says: ['"x"', '"k"'],
    make: inside(() => double({ x: undefined }, { id: 'k' })),
  },
  {
    mistake: 'a knot hidden in a constant',
    code: 'HiddenKnot',
    says: ['"config"', '"k"', '"param:x"', 'config.list[1].at', 'input of its own'],
    make: inside((t) => any({ config: { list: [0, { at: t.parameter('x', number) }] } }, { id: 'k' })),
  },
  {
    mistake: 'a definition as an input',
    code: 'HiddenKnot',
    says: ['"x"', '"k"', 'definition "double"', 'Place it first'],
    make: inside(() => any({ x: double }, { id: 'k' })),
  },
  {
    mistake: 'a tapestry as an input',
    code: 'HiddenKnot',
    says: ['"x"', '"k"', 'tapestry "outer"'],
    make: inside((t) => any({ x: t }, { id: 'k' })),
  },
  {
    mistake: 'a knot of another tapestry as an input',
    code: 'ForeignKnot',
    says: ['"param:x"', '"other"', 'input "a" of the knot "k"', '"outer"', 'Place its definition'],
    make: inside(() => any({ a: new Tapestry('other').parameter('x', number) }, { id: 'k' })),
  },
  {
    mistake: 'parents of two tapestries',
    code: 'ForeignKnot',
    says: ['"param:y"', '"two"', 'input "b"', '"one"'],
    make: () => {
      const a = new Tapestry('one').parameter('x', number);
      const b = new Tapestry('two').parameter('y', number);
      any({ a, b }, { id: 'k' });
    },
  },

  // options
  {
    mistake: 'an unknown option of a knot',
    code: 'InvalidConfig',
    says: ['"retries"', '"k"', 'errorPolicy, retry, timeout', 'first argument'],
    make: placed({ id: 'k', retries: 3 }),
  },
  {
    mistake: 'an input among the options',
    code: 'InvalidConfig',
    says: ['"x"', '"k"', 'inputs belong in the first argument'],
    make: placed({ id: 'k', x: 3 }),
  },
  ...(
    [
      ['timeout', 0, 'positive number of milliseconds'],
      ['timeout', Number.POSITIVE_INFINITY, 'positive number of milliseconds'],
      ['timeout', '5s', 'positive number of milliseconds'],
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
      ['maxConcurrent', { key: 'a'.repeat(201), limit: 3 }, '"key", which must have at most 200 characters'],
      ['maxConcurrent', { key: 'api', limit: 1.5 }, '"limit", which must be a whole number'],
      ['maxConcurrent', { key: 'api', limit: 1, per: 'run' }, '"per", which is no option'],
      ['ratePerSecond', 0, 'must be a number above 0, or { key, limit }'],
      ['ratePerSecond', Number.POSITIVE_INFINITY, 'must be a number above 0'],
      ['ratePerSecond', { key: 'api', limit: -1 }, '"limit", which must be a number above 0'],
      ['priority', 0, 'must be a whole number from 1 (first) to 5 (last), and is 0'],
      ['priority', 6, 'from 1 (first) to 5 (last)'],
      ['priority', 'high', 'from 1 (first) to 5 (last)'],
    ] as const
  ).map(([option, value, complaint]) => ({
    mistake: `the option ${option} of ${JSON.stringify(value)}`,
    code: 'InvalidConfig' as const,
    says: [`"${option}"`, 'the knot "k"', complaint],
    make: placed({ id: 'k', [option]: value }),
  })),
  {
    mistake: 'a knot that is cached and has no version',
    code: 'CacheWithoutVersion',
    says: [
      'the knot "k"',
      'the definition "any"',
      "knot('any', { version: '1', cache: true }",
      "codeHash: 'source'",
    ],
    make: placed({ id: 'k', cache: { maxAge: 5 } }),
  },
  {
    mistake: 'a definition that is cached and has no version',
    code: 'CacheWithoutVersion',
    says: ['the definition "d"', "version: '1'"],
    make: () => untypedKnot('d', { cache: true }, () => 1),
  },
  {
    mistake: 'a tapestry whose knots are all cached, and one has no version',
    code: 'CacheWithoutVersion',
    says: ['the knot "k"', 'the definition "any"'],
    make: () => untypedTapestry('t', { knots: { cache: true } }, () => void any({ x: 1 }, { id: 'k' })),
  },
  {
    mistake: 'a knot that is cached with its function in place',
    code: 'CacheWithoutVersion',
    says: ['the knot "k"', 'written in place', "cache: { codeHash: 'source' }"],
    make: inside((t) =>
      aggregate({ inputs: { x: t.parameter('x', number) }, combine: ({ x }) => x }, { id: 'k', cache: true }),
    ),
  },
  {
    mistake: 'a map whose elements are cached and have no version',
    code: 'CacheWithoutVersion',
    says: ['the knot "k"', 'definition "any" has no version', "cache: { codeHash: 'source' }"],
    make: inside((t) =>
      map({ over: t.parameter('x', z.array(number)), each: any, bind: 'x' }, { id: 'k', cache: true }),
    ),
  },
  {
    mistake: 'a map of an optional definition',
    code: 'InvalidConfig',
    says: ['The map "k"', '"any", which is optional', `"onError", such as 'skip'`],
    make: inside((t) =>
      map({ over: t.parameter('x', z.array(number)), each: optional(any as never), bind: 'x' } as never, {
        id: 'k',
      }),
    ),
  },
  {
    mistake: 'a gate that is cached',
    code: 'InvalidConfig',
    says: ['"cache"', 'the knot "k"', 'a gate has no value of its own'],
    make: inside((t) =>
      gate({ input: t.parameter('x', number), predicate: () => true }, {
        id: 'k',
        cache: { codeHash: 'source' },
      } as never),
    ),
  },
  {
    mistake: 'a definition that is cached and receives outcomes',
    code: 'InvalidConfig',
    says: ['"cache"', 'the definition "d"', 'receives outcomes', 'never reused'],
    make: () => untypedKnot('d', { receives: 'outcomes', cache: true, version: '1' }, () => 1),
  },
  {
    mistake: 'a definition that receives what there is not',
    code: 'InvalidDefinition',
    says: ['"d"', 'receives "errors"', "'values' or 'outcomes'"],
    make: () => untypedKnot('d', { receives: 'errors' }, () => 1),
  },
  {
    mistake: 'a definition that receives outcomes and has an input schema',
    code: 'InvalidDefinition',
    says: ['"d"', 'input schema', 'Leave the schema out'],
    make: () => untypedKnot('d', { receives: 'outcomes', input: z.object({}) }, () => 1),
  },
  {
    mistake: 'a definition of values that is to receive errors',
    code: 'InvalidConfig',
    says: ['"errorPolicy"', 'the definition "d"', "{ receives: 'outcomes' }"],
    make: () => untypedKnot('d', { errorPolicy: 'receiveErrors' }, () => 1),
  },
  {
    mistake: 'a tapestry whose knots are all to receive errors',
    code: 'InvalidConfig',
    says: ['"knots"', '"errorPolicy"', 'must be "skipIfParentFailed" or "requireAllParents"'],
    make: () => new Tapestry('t', { knots: { errorPolicy: 'receiveErrors' } } as never),
  },
  {
    mistake: 'an optional definition of what is none',
    code: 'InvalidDefinition',
    says: ['`optional`', 'Optional(Knot)'],
    make: () => optional((() => 1) as never),
  },
  {
    mistake: 'an aggregate without a function',
    code: 'InvalidConfig',
    says: ['aggregate "k"', 'no "combine"', 'Give a function'],
    make: inside((t) => aggregate({ inputs: { a: t.parameter('x', number) } } as never, { id: 'k' })),
  },
  {
    mistake: 'an aggregate of constants alone',
    code: 'InvalidConfig',
    says: ['aggregate "k"', 'no knot among its inputs', 'at least one'],
    make: inside(() => aggregate({ inputs: { a: 1 }, combine: () => 1 }, { id: 'k' })),
  },
  {
    mistake: 'a source without a function',
    code: 'InvalidConfig',
    says: ['source "k"', 'no "read"', 'Give a function'],
    make: inside(() => source({} as never, { id: 'k' })),
  },
  {
    mistake: 'a sink without a function',
    code: 'InvalidConfig',
    says: ['sink "k"', 'no "write"', 'Give a function'],
    make: inside((t) => sink({ inputs: { a: t.parameter('x', number) } } as never, { id: 'k' })),
  },
  {
    mistake: 'a sink of constants alone',
    code: 'InvalidConfig',
    says: ['sink "k"', 'no knot among its inputs', 'at least one'],
    make: inside(() => sink({ inputs: { a: 1 }, write: () => 1 }, { id: 'k' })),
  },
  {
    mistake: 'a fold without initial',
    code: 'InvalidConfig',
    says: ['reduce "k"', '"fold" and no "initial"', 'before the first element'],
    make: inside((t) =>
      reduce({ of: t.parameter('x', z.array(number)), fold: () => 1 } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a reduce of both kinds',
    code: 'InvalidConfig',
    says: ['reduce "k"', 'both a "combine" and a "fold"'],
    make: inside((t) =>
      reduce({ of: t.parameter('x', z.array(number)), fold: () => 1, combine: () => 1 } as never, {
        id: 'k',
      }),
    ),
  },
  {
    mistake: 'a reduce of nothing',
    code: 'InvalidConfig',
    says: ['reduce', 'has no list'],
    make: inside(() => reduce({ combine: () => 1 } as never, {} as never)),
  },
  {
    mistake: 'a map over nothing',
    code: 'InvalidConfig',
    says: ['map "k"', 'no knot to go over', 'over: users'],
    make: inside(() => map({ over: [1, 2], each: () => 1 } as never, { id: 'k' })),
  },
  {
    mistake: 'a map without a body',
    code: 'InvalidConfig',
    says: ['map "k"', 'no "each"', 'Give a function'],
    make: inside((t) => map({ over: t.parameter('x', z.array(number)) } as never, { id: 'k' })),
  },
  {
    mistake: 'a map whose definition does not take the element',
    code: 'UnknownInput',
    says: ['"z"', 'knot "k" (definition "double")', 'it has x, by'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: double, bind: 'z' } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map that leaves an input of its definition out',
    code: 'MissingInput',
    says: ['"x" of the knot "k" (definition "double")'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: double, bind: 'by' } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map that gives an input twice',
    code: 'InvalidConfig',
    says: ['map "k"', 'gives "x" twice'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: double, bind: 'x', shared: { x: 1 } } as never, {
        id: 'k',
      }),
    ),
  },
  {
    mistake: 'a map of a definition that receives outcomes',
    code: 'InvalidConfig',
    says: ['map "k"', 'the definition "tolerant", which receives outcomes', '"onError"'],
    make: inside((t) =>
      map(
        {
          over: t.parameter('l', z.array(number)),
          each: untypedKnot('tolerant', { receives: 'outcomes' }, () => 1),
          bind: 'x',
        } as never,
        { id: 'k' },
      ),
    ),
  },
  {
    mistake: 'a map over several lists with a name for one',
    code: 'InvalidConfig',
    says: ['map "k"', 'several lists and has "bind"', 'Leave it out'],
    make: inside((t) =>
      map({ over: { a: t.parameter('l', z.array(number)) }, each: () => 1, bind: 'x' } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map with a name that is none',
    code: 'InvalidConfig',
    says: ['map "k"', '"bind", which is 5'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: () => 1, bind: 5 } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map with shared inputs that are no object',
    code: 'InvalidConfig',
    says: ['map "k"', '"shared", which is a knot', 'by the names'],
    make: inside((t) => {
      const l = t.parameter('l', z.array(number));
      map({ over: l, each: () => 1, shared: l } as never, { id: 'k' });
    }),
  },
  {
    mistake: 'a map of no elements at once',
    code: 'InvalidConfig',
    says: ['map "k"', '"concurrency", which is 0', '1 or more'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: () => 1, concurrency: 0 }, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map of half an element in an activity',
    code: 'InvalidConfig',
    says: ['map "k"', '"batch", which is 0.5', '1 or more'],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: () => 1, batch: 0.5 }, { id: 'k' }),
    ),
  },
  {
    mistake: 'a map with an unknown way to treat failures',
    code: 'InvalidConfig',
    says: ['map "k"', '"onError", which is "ignore"', "'fail', 'skip' or 'collect'"],
    make: inside((t) =>
      map({ over: t.parameter('l', z.array(number)), each: () => 1, onError: 'ignore' } as never, {
        id: 'k',
      }),
    ),
  },
  {
    mistake: 'a knot hidden in what the elements of a map share',
    code: 'HiddenKnot',
    says: ['"shared.of"', 'knot "k"', 'knot "param:l"'],
    make: inside((t) => {
      const l = t.parameter('l', z.array(number));
      map({ over: l, each: () => 1, shared: { of: [l] } } as never, { id: 'k' });
    }),
  },
  {
    mistake: 'a gate without a predicate',
    code: 'InvalidConfig',
    says: ['gate "k"', 'no "predicate"', 'Give a function'],
    make: inside((t) => gate({ input: t.parameter('x', number) } as never, { id: 'k' })),
  },
  {
    mistake: 'a gate without an input',
    code: 'InvalidConfig',
    says: ['gate "k"', 'no input'],
    make: inside(() => gate({ predicate: () => true } as never, { id: 'k' })),
  },
  {
    mistake: 'a branch without a list of tags',
    code: 'InvalidConfig',
    says: ['branch "k"', 'no list of different tags in "branches"'],
    make: inside((t) =>
      branch({ input: t.parameter('x', number), selector: () => 'a' } as never, { id: 'k' }),
    ),
  },
  {
    mistake: 'a branch with one tag twice',
    code: 'InvalidConfig',
    says: ['branch "k"', 'different tags'],
    make: inside((t) =>
      branch({ input: t.parameter('x', number), selector: () => 'a', branches: ['a', 'a'] }, { id: 'k' }),
    ),
  },
  {
    mistake: 'a branch that says nothing of how it chooses',
    code: 'InvalidConfig',
    says: ['branch "k"', 'neither a "selector" nor "on"'],
    make: inside((t) => branch({ input: t.parameter('x', number) } as never, { id: 'k' })),
  },
  {
    mistake: 'a branch that says it twice',
    code: 'InvalidConfig',
    says: ['branch "k"', 'both a "selector" and "on"'],
    make: inside((t) =>
      branch({ input: t.parameter('x', number), on: 'y', selector: () => 'a', branches: ['a'] } as never, {
        id: 'k',
      }),
    ),
  },
  {
    mistake: 'a path that a branch does not have',
    code: 'InvalidConfig',
    says: ['branch "k"', 'no path "b"', '"a"'],
    make: inside((t) =>
      branch({ input: t.parameter('x', number), selector: () => 'a', branches: ['a'] }, { id: 'k' }).path(
        'b' as 'a',
      ),
    ),
  },
  {
    mistake: 'a path with an impossible id',
    code: 'InvalidName',
    says: ['"k:two words"'],
    make: inside((t) =>
      (branch({ input: t.parameter('x', member), on: 'y' }, { id: 'k' }) as unknown as Branching).path(
        'two words',
      ),
    ),
  },
  {
    mistake: 'a firstOk of nothing',
    code: 'InvalidConfig',
    says: ['firstOk "k"', 'no list of knots'],
    make: inside(() => firstOk({ of: [] }, { id: 'k' })),
  },
  {
    mistake: 'a firstOk of a value',
    code: 'InvalidConfig',
    says: ['firstOk "k"', 'no list of knots'],
    make: inside(() => firstOk({ of: [3] } as never, { id: 'k' })),
  },
  {
    mistake: 'a tapestry for a knot that is none',
    code: 'InvalidConfig',
    says: ['"tapestry"', '"k"', 'new Tapestry(name)'],
    make: placed({ id: 'k', tapestry: 'outer' }),
  },
  {
    mistake: 'an unknown option of a definition',
    code: 'InvalidConfig',
    says: ['"inputs"', 'definition "d"', 'input, output, version and receives'],
    make: () => untypedKnot('d', { inputs: z.object({}) }, () => 1),
  },
  {
    mistake: 'an unknown option of a tapestry',
    code: 'InvalidConfig',
    says: ['"deadline"', 'tapestry "t"', 'knots, failOn, description'],
    make: () => untypedTapestry('t', { deadline: 5 }, () => undefined),
  },
  {
    mistake: 'a wrong option for all knots of a tapestry',
    code: 'InvalidConfig',
    says: ['"knots"', 'tapestry "t"', '"timeout", which must be a positive number'],
    make: () => new Tapestry('t', { knots: { timeout: -1 } }),
  },
  {
    mistake: 'a wrong failOn',
    code: 'InvalidConfig',
    says: ['"failOn"', 'tapestry "t"', '"unhandled" or "any" or "never"', 'always'],
    make: () => untypedTapestry('t', { failOn: 'always' }, () => undefined),
  },
  {
    mistake: 'options of a tapestry that are no object',
    code: 'InvalidConfig',
    says: ['tapestry "t"', 'an object', '5'],
    make: () => untypedTapestry('t', 5, () => undefined),
  },
  {
    mistake: 'parameters of a tapestry that are a list',
    code: 'InvalidConfig',
    says: ['"parameters"', 'tapestry "t"', '{ x: z.number() }'],
    make: () => untypedTapestry('t', { parameters: [number] }, () => undefined),
  },
  {
    mistake: 'a tapestry without a build function',
    code: 'InvalidConfig',
    says: ['"t"', 'build function', 'tapestry(name, (t) => { … })'],
    make: () => untypedTapestry('t', {}),
  },

  // parameters
  {
    mistake: 'a parameter without a schema',
    code: 'InvalidConfig',
    says: ['"x"', '"outer"', 'schema', 'z.number()'],
    make: inside((t) => t.parameter('x', undefined as never)),
  },
  {
    mistake: 'a parameter declared in the options without a schema',
    code: 'InvalidConfig',
    says: ['"x"', '"t"', 'schema'],
    make: () => untypedTapestry('t', { parameters: { x: 'number' } }, () => undefined),
  },
  {
    mistake: 'an unknown option of a parameter',
    code: 'InvalidConfig',
    says: ['"x"', '"optional"', '"default"'],
    make: inside((t) => t.parameter('x', number, { optional: true } as object)),
  },
  {
    mistake: 'options of a parameter that are no object',
    code: 'InvalidConfig',
    says: ['"x"', '{ default: … }'],
    make: inside((t) => t.parameter('x', number, 5 as never)),
  },
  {
    mistake: 'a default that the schema refuses',
    code: 'InvalidDefault',
    says: ['"x"', '"outer"', 'user.age', 'expected number'],
    make: inside((t) =>
      t.parameter('x', z.object({ user: z.object({ age: number }) }), {
        default: { user: { age: 'old' } },
      } as never),
    ),
  },
  {
    mistake: 'a default whose schema is asynchronous',
    code: 'InvalidDefault',
    says: ['"x"', 'asynchronous', 'synchronous schema'],
    make: inside((t) => t.parameter('x', asynchronous, { default: 1 })),
  },
  {
    mistake: 'a default whose schema throws',
    code: 'InvalidDefault',
    says: ['"x"', 'out of order'],
    make: inside((t) => t.parameter('x', throwing, { default: 1 })),
  },

  // building
  {
    mistake: 'a knot outside of any tapestry',
    code: 'NoTapestry',
    says: ['"k"', 'tapestry(name', "{ id: 'k', tapestry: t }"],
    make: () => any({ a: 1 }, { id: 'k' }),
  },
  {
    mistake: 'an asynchronous build',
    code: 'AsyncBuild',
    says: ['"outer"', 'asynchronous', 'plain function'],
    make: inside(async () => undefined),
  },
  {
    mistake: 'a knot placed in a tapestry that was built',
    code: 'TapestryClosed',
    says: ['"outer"', '"late"', 'build function'],
    make: () => any({}, { id: 'late', tapestry: inside(() => void any({}, { id: 'k' }))() }),
  },
  {
    mistake: 'a parameter of a tapestry that is in use',
    code: 'TapestryClosed',
    says: ['"made"', '"late"'],
    make: () => {
      const made = new Tapestry('made');
      recordOf(made);
      made.parameter('late', number);
    },
  },
  {
    mistake: 'no terminals',
    code: 'UnknownTerminal',
    says: ['"outer"', 'empty', 'return nothing'],
    make: inside(() => ({})),
  },
  {
    mistake: 'a terminal that is no knot',
    code: 'UnknownTerminal',
    says: ['"five"', '"outer"', 'not a knot'],
    make: inside(() => ({ five: 5 })),
  },
  {
    mistake: 'a knot instead of terminals',
    code: 'UnknownTerminal',
    says: ['"outer"', 'return { answer }'],
    make: inside(() => any({}, { id: 'k' })),
  },
  {
    mistake: 'a terminal of another tapestry',
    code: 'ForeignKnot',
    says: ['"param:x"', '"other"', 'terminal "x"', '"outer"'],
    make: inside(() => ({ x: new Tapestry('other').parameter('x', number) })),
  },
  {
    mistake: 'a knot registered with another tapestry',
    code: 'ForeignKnot',
    says: ['"param:x"', '"other"', 'register', '"one"'],
    make: () => new Tapestry('one').register(new Tapestry('other').parameter('x', number)),
  },
  {
    mistake: 'something registered that is no knot',
    code: 'InvalidConfig',
    says: ['"one"', 'not a knot'],
    make: () => new Tapestry('one').register(double as never),
  },

  // definitions
  {
    mistake: 'a definition without a body',
    code: 'InvalidDefinition',
    says: ['"d"', 'no body', 'knot(name, body)'],
    make: () => untypedKnot('d'),
  },
  {
    mistake: 'a definition whose options are no object',
    code: 'InvalidDefinition',
    says: ['"d"', 'options', 'null'],
    make: () => untypedKnot('d', null, () => 1),
  },
  {
    mistake: 'an input schema that is none',
    code: 'InvalidDefinition',
    says: ['"d"', 'input is not a schema', 'Standard Schema'],
    make: () => untypedKnot('d', { input: { x: 'number' } }, () => 1),
  },
  {
    mistake: 'an output schema that is none',
    code: 'InvalidDefinition',
    says: ['"d"', 'output is not a schema', 'Standard Schema'],
    make: () => untypedKnot('d', { output: Number }, () => 1),
  },
  {
    mistake: 'a version that is a number',
    code: 'InvalidDefinition',
    says: ['"d"', 'version', "'2'"],
    make: () => untypedKnot('d', { version: 2 }, () => 1),
  },
  {
    mistake: 'a knot class without a name',
    code: 'InvalidDefinition',
    says: ['Nameless', 'static knotName'],
    make: place(
      class Nameless extends Knot<object, number> {
        process(): number {
          return 1;
        }
      },
    ),
  },
  {
    mistake: 'a knot class that inherits its name',
    code: 'InvalidDefinition',
    says: ['Heir', 'static knotName'],
    make: place(class Heir extends Listed {}),
  },
  {
    mistake: 'a knot class with a name that breaks the rule',
    code: 'InvalidName',
    says: ['definition name', '"selvage-sum"', 'begin with "selvage"'],
    make: place(
      class extends Listed {
        static override knotName = 'selvage-sum';
      },
    ),
  },
  {
    mistake: 'a knot class with state',
    code: 'InvalidDefinition',
    says: ['Counter', '"count"', 'ctx.resources'],
    make: place(
      class Counter extends Listed {
        static override knotName = 'counter';
        count = 0;
      },
    ),
  },
  {
    mistake: 'a knot class whose constructor throws',
    code: 'InvalidDefinition',
    says: ['Fragile', 'constructor', 'ctx.resources'],
    make: place(
      class Fragile extends Listed {
        static override knotName = 'fragile';
        constructor() {
          super();
          throw new Error('needs a pool');
        }
      },
    ),
  },
  {
    mistake: 'a knot class without a body',
    code: 'InvalidDefinition',
    says: ['Bodyless', 'process(inputs, ctx)'],
    make: place(
      // @ts-expect-error the compiler sees it as well
      class Bodyless extends Knot<object, number> {
        static knotName = 'bodyless';
      },
    ),
  },
  {
    mistake: 'the base class placed itself',
    code: 'InvalidDefinition',
    says: ['Knot', 'extends Knot'],
    make: place(Knot),
  },
  {
    mistake: 'the record of what has none',
    code: 'InvalidConfig',
    says: ['tapestry, knot or definition', 'number'],
    make: () => recordOf(5 as never),
  },
];

describe('an authoring mistake is one error with a stable code, the culprits and the remedy', () => {
  test.each(mistakes)('$mistake: $code', ({ code, says, make }) => {
    let thrown: unknown;
    try {
      make();
    } catch (error) {
      thrown = error;
    }
    expect(SelvageError.is(thrown) ? thrown.code : thrown).toBe(code);
    for (const part of says) expect((thrown as Error).message).toContain(part);
  });
});
