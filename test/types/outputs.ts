import { z } from 'zod';
import {
  aggregate,
  knot,
  Knot,
  map,
  reduce,
  sink,
  source,
  tapestry,
  type KnotDefinition,
  type StoredBytes,
} from '../../src';
import { expectType, type Same } from './expect-type';

/*
 * What a body returns must be encodable, as far as the compiler can tell.
 */

interface Tree {
  readonly name: string;
  readonly children?: readonly Tree[];
  parent: Tree | null;
}
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
class Data {
  constructor(
    readonly at: Date,
    private readonly secret: string,
  ) {
    void this.secret;
  }
}
class Money {
  constructor(readonly cents: bigint) {}
  plus(other: Money): Money {
    return new Money(this.cents + other.cents);
  }
}
declare module '../../src' {
  interface EncodableTypes {
    money: Money;
  }
}
class Account {
  constructor(readonly balance: Money) {}
  deposit(): void {}
}
enum Colour {
  Red,
  Green,
}

// Everything that can be a value.
const fine = {
  anything: knot('anything', () => JSON.parse('1')),
  unknown: knot('unknown', (): unknown => 1),
  nothing: knot('nothing', () => {}),
  nobody: knot('nobody', (): never => {
    throw new Error('no');
  }),
  late: knot('late', async () => ({ at: new Date(), n: 1n, tags: new Set(['a']) })),
  tree: knot('tree', (): Tree => ({ name: 'a', parent: null })),
  json: knot('json', (): Json => ({ a: [1] })),
  maps: knot('maps', () => new Map([['a', { bytes: new Uint8Array(2) }]]) as ReadonlyMap<string, object>),
  optional: knot('optional', (): { a?: number; b: string | undefined } => ({ b: undefined })),
  union: knot('union', (): { kind: 'a' } | { kind: 'b'; n: number } | null => null),
  branded: knot('branded', () => 'x' as string & { readonly __brand: 'id' }),
  enums: knot('enums', () => Colour.Red),
  data: knot('data', () => new Data(new Date(), 's')),
  stored: knot('stored', async (_: object, ctx): Promise<StoredBytes> => await ctx.store(new Uint8Array())),
  tuple: knot('tuple', () => [1, 'a'] as const),
  table: knot('table', (): Record<string, number[]> => ({})),
  money: knot('money', () => ({ total: new Money(5n) })),
  schema: knot('schema', { output: z.object({ at: z.date() }) }, () => ({ at: new Date() })),
};
expectType<
  Same<
    typeof fine.union,
    KnotDefinition<Record<string, never>, { kind: 'a' } | { kind: 'b'; n: number } | null>
  >
>(true);
expectType<Same<typeof fine.tuple, KnotDefinition<Record<string, never>, readonly [1, 'a']>>>(true);

// A type parameter says nothing about the value.
const first = <T>() => knot('first', ({ list }: { list: T[] }): T | null => list[0] ?? null);
const pair = <T, K extends string>() =>
  knot('pair', async ({ a, key }: { a: T; key: K }) => ({ [key]: [a], all: new Map([[key, a]]) }));
const same = <T extends object>(t: T) => knot('same', { version: '1' }, () => t);
const outcomes = <T>() => knot('outcomes', { receives: 'outcomes' }, (_: object) => [] as T[]);
tapestry('generic', () => {
  const one = first<number>()({ list: [1] }, { id: 'one' });
  expectType<Same<typeof one, Knot<number | null, 'one'>>>(true);
  pair<number, 'k'>()({ a: 1, key: 'k' }, { id: 'pair' });
  same({ a: 1 })({}, { id: 'same' });
  outcomes<string>()({}, { id: 'outcomes' });
});

// @ts-expect-error a Response has functions
knot('response', async () => await fetch('http://localhost'));
// @ts-expect-error a function
knot('function', () => () => 1);
// @ts-expect-error a symbol
knot('symbol', () => Symbol('s'));
// @ts-expect-error a function inside
knot('inside', () => ({ rows: [{ id: 1, save: () => undefined }] }));
// @ts-expect-error a function that may be there
knot('optional-function', (): { done?: () => void } => ({}));
// @ts-expect-error an instance with methods
knot('account', () => [new Account(new Money(1n))]);
// @ts-expect-error a class
knot('class', () => Account);
// @ts-expect-error a promise inside
knot('promise', () => ({ later: Promise.resolve(1) }));
// @ts-expect-error a Buffer would come back as something else
knot('buffer', () => Buffer.from('hi'));
// @ts-expect-error a Buffer inside
knot('buffers', () => new Map([['a', Buffer.from('hi')]]));
// @ts-expect-error other typed arrays have no encoding
knot('floats', () => new Float64Array(2));
// @ts-expect-error an expression
knot('expression', { version: '1' }, () => /a/);
// @ts-expect-error one member of a union
knot('union', (): string | (() => string) => 'a');
// @ts-expect-error of a schema
knot('schema', { output: z.object({ at: z.instanceof(URL) }) }, () => ({ at: new URL('http://localhost') }));
// @ts-expect-error with an input schema
knot('input', { input: z.object({ x: z.number() }) }, () => new WeakMap());

class Fetched extends Knot<{ url: string }, Response> {
  static readonly knotName = 'fetched';
  async process({ url }: { url: string }): Promise<Response> {
    return await fetch(url);
  }
}

tapestry('nodes', (t) => {
  const list = t.parameter('list', z.array(z.number()));
  const each = (n: number) => ({ n, of: [{ at: new Date() }] });
  source({ read: async () => each(1) }, { id: 'source' });
  sink({ inputs: { list }, write: () => each(1) }, { id: 'sink' });
  aggregate({ inputs: { list }, combine: () => each(1) }, { id: 'aggregate' });
  reduce({ of: list, combine: async () => each(1) }, { id: 'reduce' });
  map({ over: list, each: async ({ element }) => each(element) }, { id: 'map' });

  // @ts-expect-error a class
  Fetched.place({ url: 'http://localhost' }, { id: 'bad' });
  // @ts-expect-error a Buffer
  source({ read: () => Buffer.from('hi') }, { id: 'bad' });
  // @ts-expect-error a function
  sink({ inputs: { list }, write: () => () => 1 }, { id: 'bad' });
  // @ts-expect-error a function
  aggregate({ inputs: { list }, combine: () => ({ again: () => 1 }) }, { id: 'bad' });
  // @ts-expect-error a Response
  reduce({ of: list, combine: async () => await fetch('http://localhost') }, { id: 'bad' });
  // @ts-expect-error a function
  reduce({ of: list, fold: (so: () => number, _n) => so, initial: () => 1 }, { id: 'bad' });
  // @ts-expect-error a Response
  map({ over: list, each: async () => await fetch('http://localhost') }, { id: 'bad' });
});
