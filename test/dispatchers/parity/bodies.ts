import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Retryable, Terminal, knot, optional, pythonKnot, type KnotDefinition } from '../../../src';
import {
  IN_TYPESCRIPT,
  NESTED_IN_TYPESCRIPT,
  type Definitions,
  type NestedDefinitions,
} from '../../support/random-tapestry';

/** The bodies of the suite, in TypeScript or in Python. */
export interface SuiteBodies {
  /** Those of random tapestries, and of what these nest. */
  readonly random: Definitions;
  readonly nested: NestedDefinitions;
  readonly same: KnotDefinition<{ value: unknown }, unknown>;
  readonly numbers: KnotDefinition<{ n: number }, number[]>;
  readonly double: KnotDefinition<{ x: number }, number>;
  /** Its values are reused where the salt is the same. */
  readonly salted: KnotDefinition<{ x: number; salt: string }, number>;
  readonly add: KnotDefinition<{ a: number; b: number }, number>;
  readonly bytes: KnotDefinition<{ size: number }, Uint8Array>;
  readonly measure: KnotDefinition<{ data: Uint8Array }, number>;
  readonly fails: KnotDefinition<object, number>;
  readonly givesUp: KnotDefinition<object, number>;
  readonly asksAgain: KnotDefinition<object, number>;
  /** Wait until they are told to end. */
  readonly outlasts: KnotDefinition<{ after?: unknown }, number>;
  readonly outlastsLater: KnotDefinition<{ after?: unknown }, number>;
  readonly narrow: KnotDefinition<{ x: number }, number>;
}

const NARROW = { input: z.object({ x: z.number().min(2) }), output: z.number().max(5) };

const outlast = async (_: { after?: unknown }, { signal }: { signal: AbortSignal }): Promise<number> => {
  await delay(600_000, undefined, { signal });
  return 0;
};

export const inTypeScript: SuiteBodies = {
  random: IN_TYPESCRIPT.definitions,
  nested: NESTED_IN_TYPESCRIPT,
  same: knot('same', ({ value }: { value: unknown }) => value),
  numbers: knot('numbers', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index)),
  double: knot('double', { version: '1' }, ({ x }: { x: number }) => 2 * x),
  salted: knot('salted', { version: '1' }, ({ x }: { x: number; salt: string }) => 2 * x),
  add: knot('add', ({ a, b }: { a: number; b: number }) => a + b),
  bytes: knot('bytes', ({ size }: { size: number }) => new Uint8Array(size).fill(7)),
  measure: knot('measure', ({ data }: { data: Uint8Array }) => data.byteLength),
  fails: knot('fails', (_: object): number => {
    throw new TypeError('no luck', { cause: new RangeError('too far') });
  }),
  givesUp: knot('gives-up', (_: object): number => {
    throw new Terminal('no use');
  }),
  asksAgain: knot('asks-again', (_: object, { attempt, lastHeartbeat, heartbeat }): number => {
    if (attempt > 1) return (lastHeartbeat as { at: number }).at + attempt;
    heartbeat({ at: 5 });
    throw new Retryable('later', { after: 10 });
  }),
  outlasts: knot('outlasts', outlast),
  outlastsLater: knot('outlasts-later', outlast),
  // Messages name it.
  narrow: knot('twins:narrow', NARROW, ({ x }) => x),
};

const twin = <I extends object, O>(name: string, options = {}): KnotDefinition<I, O> =>
  pythonKnot<I, O>(`twins:${name}`, options);
/** As its twin is typed. */
const ofRandom = <D>(name: string, options = {}): D => twin(name, options) as unknown as D;

const [mix, tally, spread] = [
  ofRandom<Definitions['mix']>('mix'),
  ofRandom<Definitions['tally']>('tally', { receives: 'outcomes' }),
  ofRandom<Definitions['spread']>('spread'),
];

export const inPython: SuiteBodies = {
  random: {
    mix,
    tally,
    spread,
    maybe: { mix: optional(mix), tally: optional(tally), spread: optional(spread) },
    table: ofRandom('table'),
    survivors: ofRandom('survivors'),
    draw: ofRandom('draw'),
    area: ofRandom('area'),
    element: ofRandom('element'),
    pair: ofRandom('pair'),
    planter: ofRandom('planter'),
  },
  nested: { make: ofRandom('make'), recover: ofRandom('recover', { receives: 'outcomes' }) },
  same: twin('same'),
  numbers: twin('numbers'),
  double: twin('double', { version: '1' }),
  salted: twin('salted', { version: '1' }),
  add: twin('add'),
  bytes: twin('bytes'),
  measure: twin('measure'),
  fails: twin('fails'),
  givesUp: twin('gives_up'),
  asksAgain: twin('asks_again'),
  outlasts: twin('outlasts'),
  outlastsLater: twin('outlasts_later'),
  narrow: pythonKnot('twins:narrow', NARROW),
};
