import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import {
  Retryable,
  Terminal,
  aggregate,
  branch,
  celery,
  dask,
  firstOk,
  fragment,
  gate,
  knot,
  local,
  loop,
  map,
  optional,
  python,
  pythonKnot,
  queue,
  ray,
  reduce,
  sink,
  sleep as nap,
  source,
  subTapestry,
  tapestry,
  threads,
  waitForSignal,
  waitUntil,
  type Dispatcher,
  type Fragment,
  type Knot,
  type KnotContext,
  type Outcome,
  type StoredBytes,
  type Tapestry,
} from '../../../src';
import { SLOW_KNOT_MS } from '../../../src/plan/limits';
import type { Blow } from './blows';
import type { ElementsOf } from './elements';
import { lives, type HostKind, type Lives } from './hosted-bodies';
import type { Scene } from './scene';

/**
 * What runs in the campaign: stages, one after the other, that together hold every kind of knot. A new kind of knot gets a
 * stage here and its place in {@link MIXES}; a new way to run or to end a run is a matter of `client.process.ts`.
 *
 * Bodies give the same value in every attempt, however often they are killed, so that a run can be compared with one that
 * nothing disturbed.
 */
interface Stage {
  /** Knots that blows may be aimed at: they end well. */
  readonly queue?: readonly string[];
  readonly local?: readonly string[];
  /** Of `queue`, in a way: they call no function of ours, so that only what comes after a body can hit them. */
  readonly bodiless?: readonly string[];
  /** Whether bodies of `queue` throw at first, so that not every attempt of theirs has something to commit. */
  readonly throwsFirst?: true;
  /** Two that run side by side. */
  readonly pair?: readonly [string, string];
  /** Elements that run in batches. */
  readonly batch?: readonly string[];
  /** Of `queue`, those that run for so long that they have child runs. */
  readonly slow?: readonly string[];
  /** Maps whose elements are activities of child runs. */
  readonly maps?: readonly string[];
  /** Knots that come to one value, of which one makes it for all: which one is left to chance. */
  readonly shared?: readonly string[];
  /** Of `bodiless` and `local` in a way: their bodies are called by this body host. */
  readonly hosted?: readonly string[];
  readonly host?: HostKind;
  /** Answers what the next stage goes on from. */
  build(input: Knot<number>, world: World): Knot<number>;
}

interface World {
  /** Bytes of the large values. */
  readonly size: Knot<number>;
  readonly place: MixPlace;
}

/** What is constant in the tapestries of one scenario, and differs from one scenario to the next. */
export interface MixPlace {
  readonly otherQueue: string;
  /** What is waited for comes at this time: milliseconds since the epoch. */
  readonly due: number;
  /** The scenario's. */
  readonly folder: string;
  /** Those that fall on body hosts. */
  readonly blows: readonly Blow[];
  /** The options of the body hosts that there are. Bodies of others are called by the worker. */
  readonly hosts: HostOptions;
}

export interface HostOptions {
  readonly threads?: Parameters<typeof threads>[0];
  readonly python?: Parameters<typeof python>[0];
  readonly dask?: Parameters<typeof dask>[0];
  readonly ray?: Parameters<typeof ray>[0];
  readonly celery?: Parameters<typeof celery>[0];
}

/** A body as written, in a body that says when it begins and ends, and that a blow can hit. */
function performed<I, O>(body: (input: I, context: KnotContext) => O | Promise<O>) {
  return async (input: I, context: KnotContext): Promise<Awaited<O>> => {
    const scene = context.resources['scene'] as Scene;
    return await scene.perform(context, async () => await body(input, context));
  };
}

/** A definition with such a body. */
function performing<I extends object, O>(
  name: string,
  body: (input: I, context: KnotContext) => O | Promise<O>,
  options: { version?: string; cache?: boolean } = {},
) {
  return knot(name, options, performed(body));
}

const add = performing('add', ({ a, b }: { a: number; b: number }) => a + b);
const double = performing('double', async ({ x }: { x: number }) => {
  await sleep(5);
  return (2 * x) % 1_000_003;
});
/** For so long that others find no place meanwhile. */
const dwell = performing('dwell', async ({ x }: { x: number }) => {
  await sleep(150);
  return x + 12;
});
const sum = performing('sum', (numbers: Record<string, number>) =>
  Object.values(numbers).reduce((total, number) => total + number, 0),
);
/** Over the limit up to which a value is carried in the history. */
const text = performing('text', ({ x, size }: { x: number; size: number }) =>
  `${x};`.repeat(size).slice(0, size),
);
const measure = performing(
  'measure',
  ({ left, right }: { left: string; right: string }) => left.length + right.indexOf(';'),
);
const flaky = performing('flaky', ({ x }: { x: number }, context) => {
  const scene = context.resources['scene'] as Scene;
  if (scene.isFirstTime(`${context.knotId} has thrown`)) throw new Error('not yet');
  return x + 3;
});
const again = performing('again', ({ x }: { x: number }, context) => {
  const scene = context.resources['scene'] as Scene;
  if (scene.isFirstTime(`${context.knotId} has asked`)) throw new Retryable('ask again', { after: 50 });
  return x + 4;
});
const fail = performing('fail', ({ x }: { x: number }): number => {
  throw new Terminal(`no luck with ${x}`);
});
const attempt = optional(
  performing('attempt', ({ x }: { x: number }): number => {
    throw new Terminal(`not even ${x}`);
  }),
);
/** All that it is told goes into its value. */
const recover = knot(
  'recover',
  { receives: 'outcomes' },
  performed(({ x, ...others }: { x: Outcome<number>; [other: string]: Outcome<number> }) => {
    const told = Object.entries(others).map(([name, outcome]) => {
      if (outcome.kind === 'ok') return `${name} ${outcome.value}`;
      if (outcome.kind === 'err') return `${name} ${outcome.error.type} ${outcome.error.message}`;
      return `${name} ${outcome.reason} ${JSON.stringify(outcome.detail?.parents ?? outcome.detail?.error?.message)}`;
    });
    const digest = createHash('sha256').update(told.join(';')).digest();
    return digest.readUInt16BE(0) + (x.kind === 'ok' ? x.value : 0);
  }),
);
const linger = performing('linger', async ({ x }: { x: number }, { signal }) => {
  await sleep(600_000, undefined, { signal });
  return x;
});
/** Longer than all that runs beside it. */
const plod = performing('plod', async ({ x }: { x: number }) => {
  await sleep(1_500);
  return x + 6;
});
/** Ends after `late`, which would else run on beside the next stage and be lost with workers that are killed there. */
const outlast = performing('outlast', async ({ x }: { x: number }, { resources, runId, signal }) => {
  const scene = resources['scene'] as Scene;
  while (!(await scene.isRecorded(runId, 'late'))) await sleep(20, undefined, { signal });
  return x;
});
const write = performing('write', async ({ x }: { x: number }, context) => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 4; piece++) {
      await sleep(1);
      yield Buffer.alloc(20_000, `${x}/${piece};`);
    }
  }
  return { x, file: await context.store(pieces(), { mediaType: 'text/plain' }) };
});
const read = performing(
  'read',
  async ({ written }: { written: { x: number; file: StoredBytes } }, context) => {
    const hash = createHash('sha256');
    for await (const piece of await context.open(written.file)) hash.update(piece);
    return hash.digest().readUInt16BE(0) + written.x;
  },
);

const listOf = performing('list-of', ({ x }: { x: number }) =>
  Array.from({ length: ELEMENTS }, (_, n) => x + n),
);
const pick = performing('pick', ({ x }: { x: number }) => {
  if (x % 4 === 0) throw new Terminal(`${x} is not picked`);
  return x;
});
const total = performing('total', ({ numbers }: { numbers: readonly number[] }) =>
  numbers.reduce((sum, number) => sum + number, 0),
);
/** The definition that extensions name: by its version, for clients and workers are built apart. */
const grow = performing('grow', ({ x }: { x: number }) => x + 7, { version: '1' });
/** Another one, whose knots fail: of what fails in its runs, they are all. */
const wither = performing(
  'wither',
  ({ x }: { x: number }): number => {
    throw new Terminal(`${x} does not thrive`);
  },
  { version: '1' },
);
const shoot = (): Fragment =>
  fragment((f) => {
    growth(SHOOTS, f.ref<number>('planted'));
    wither({ x: f.ref<number>('planted') }, { id: WITHERED_SHOOT });
  });
const plant = performing('plant', ({ x }: { x: number }, context) => {
  context.extend(shoot());
  return x + 8;
});
/** The body of `plant` where no client brings what clients bring. */
export function plantAll({ x }: { x: number }, context: KnotContext): number {
  context.extend(shoot());
  context.extend(graft());
  return x + 8;
}
const CACHED = { version: '1', cache: true };
const brew = performing(
  'brew',
  async ({ x }: { x: number }) => {
    await sleep(50);
    return x % 10;
  },
  CACHED,
);
const steep = performing('steep', ({ x }: { x: number }) => x + 9, CACHED);

/** Every third element fails. */
const sieve = performing('sieve', ({ entry }: { entry: { at: number; x: number } }) => {
  if (entry.at % 3 === 2) throw new Terminal(`${entry.x} is held back`);
  return entry.x;
});
const entriesOf = performing('entries-of', ({ x }: { x: number }) =>
  Array.from({ length: ELEMENTS }, (_, at) => ({ at, x: x + at })),
);
const recordOf = performing('record-of', ({ x }: { x: number }) =>
  Object.fromEntries(KEYS.map((key, n) => [key, x + n])),
);
const kindOf = performing('kind-of', ({ x }: { x: number }): Even | Odd =>
  x % 2 === 0 ? { type: 'even', half: x / 2 } : { type: 'odd', x },
);
const fromEven = performing('from-even', ({ even }: { even: Even }) => even.half);
const fromOdd = performing('from-odd', ({ odd }: { odd: Odd }) => odd.x + 1);
const cupsOf = performing('cups-of', ({ x }: { x: number }) =>
  Array.from({ length: ELEMENTS }, (_, n) => x + (n % KINDS_OF_CUPS)),
);
const pour = performing(
  'pour',
  async ({ x }: { x: number }) => {
    await sleep(20);
    return x % 1_000;
  },
  CACHED,
);

function growth(ids: readonly string[], from: Knot<number>): void {
  let last = from;
  for (const id of ids) last = grow({ x: last }, { id });
}

const inSegment = { dispatcher: local() };

const fieldOf = performing('field-of', ({ of }: { of: { x: number } }) => of.x);
/** A chain that runs as a run of its own, with a segment in it. */
const innerRun = tapestry('inner-run', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: double({ x: chainOf('inner', 3, x, inSegment) }, { id: 'inner-end' }),
}));
const advance = tapestry(
  'advance',
  { parameters: { x: z.number(), left: z.number() } },
  (_t, { x, left }) => ({
    x: double({ x }, { id: 'advanced' }),
    left: add({ a: left, b: -1 }, { id: 'counted' }),
  }),
);

function chainOf(prefix: string, length: number, input: Knot<number>, options = {}): Knot<number> {
  let last = input;
  for (let n = 1; n <= length; n++) last = add({ a: last, b: n }, { id: `${prefix}-${n}`, ...options });
  return last;
}

function fanOf(prefix: string, width: number, x: Knot<number>, options = {}): Knot<number> {
  const all = Object.fromEntries(
    Array.from({ length: width }, (_, index) => {
      const id = `${prefix}-${index + 1}`;
      return [id, double({ x }, { id, ...options })];
    }),
  );
  return sum(all, { id: `${prefix}-sum`, ...options });
}

interface Even {
  readonly type: 'even';
  readonly half: number;
}
interface Odd {
  readonly type: 'odd';
  readonly x: number;
}

/** One of each node that calls a function in place, or that chooses by a field. */
function nodesAt(suffix: string, x: Knot<number>, dispatcher: Dispatcher): Knot<number> {
  const at = (id: string) => ({ id: `${id}${suffix}`, dispatcher });
  const readAll = performed(() => [5, 9, 2]);
  const numbers = source({ read: (context) => readAll({}, context) }, at('source'));
  const scaled = aggregate(
    {
      inputs: { x, numbers, by: 2 },
      combine: performed(({ x, numbers, by }: { x: number; numbers: readonly number[]; by: number }) =>
        numbers.map((number) => x + by * number),
      ),
    },
    at('aggregated'),
  );
  const most = reduce(
    { of: scaled, combine: performed((all: readonly number[]) => Math.max(...all)) },
    at('combined'),
  );
  const begun = performed((element: number) => element);
  const folded = reduce(
    {
      of: scaled,
      // Only the first call of an attempt says that it begins: one attempt is to be one body.
      fold: async (so: number, element, context) =>
        so === 0 ? await begun(element, context) : (so + element) % 1_000_003,
      initial: 0,
    },
    at('folded'),
  );
  const kind = branch(
    { input: kindOf({ x: add({ a: most, b: folded }, at('added')) }, at('of-a-kind')), on: 'type' },
    at('kind'),
  );
  const even = fromEven({ even: kind.path('even') }, at('if-even'));
  const odd = fromOdd({ odd: kind.path('odd') }, at('if-odd-kind'));
  const either = firstOk({ of: [even, odd] }, at('either'));
  const receipt = sink(
    { inputs: { either }, write: performed(({ either }: { either: number }) => either + 10) },
    at('sunk'),
  );
  return add({ a: receipt, b: either }, at('noded'));
}

const NODES = ['source', 'aggregated', 'combined', 'folded', 'of-a-kind', 'sunk'];

/** Maps over a record and over several lists, with functions in place, and one that collects what fails. */
function mapsAt(suffix: string, x: Knot<number>, dispatcher: Dispatcher, batch: number): Knot<number> {
  const at = (id: string) => ({ id: `${id}${suffix}`, dispatcher });
  const keyed = map(
    {
      over: recordOf({ x }, at('record')),
      each: performed(({ element }: { element: number }) => element + 11),
    },
    at('keyed'),
  );
  const left = listOf({ x }, at('left'));
  const right = listOf({ x: add({ a: x, b: 1 }, at('shifted')) }, at('right'));
  const paired = map(
    {
      over: { left, right },
      each: performed(
        ({ left, right, by }: { left: number; right: number; by: number }) => (left * right + by) % 1_000_003,
      ),
      shared: { by: x },
      concurrency: 8,
      batch,
    },
    at('paired'),
  );
  const collected = map(
    {
      over: entriesOf({ x }, at('entries')),
      each: sieve,
      bind: 'entry',
      onError: 'collect',
      concurrency: 3,
    },
    at('collected'),
  );
  return aggregate(
    {
      inputs: { keyed, paired, collected },
      combine: performed((all: object) =>
        createHash('sha256').update(JSON.stringify(all)).digest().readUInt16BE(0),
      ),
    },
    at('all-mapped'),
  );
}

function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}

const ELEMENTS = 12;
const KEYS = ['a', 'b', 'c'];
const elementsOf = (map: string, positions: readonly number[]): string[] =>
  positions.map((position) => `${map}[${position}]`);
const SHOOTS = ids('shoot', 2);
const GRAFTS = ids('graft', 2);
const WITHERED_SHOOT = 'withered-shoot';
const WITHERED_GRAFT = 'withered-graft';
/** What a client brings, once it has heard that the run is there. */
export const graft = (): Fragment =>
  fragment((f) => {
    growth(GRAFTS, f.ref<number>('planted'));
    wither({ x: f.ref<number>('planted') }, { id: WITHERED_GRAFT });
  });
/** What comes to a run that has begun. */
export const GROWTH = [...SHOOTS, WITHERED_SHOOT, ...GRAFTS, WITHERED_GRAFT];
/** The signal by which the client says that all of it is done: else it would run on beside the next stage, and be lost with workers that are killed there. */
export const GROWN = 'grown';
/** Whether it is no knot of the plan that a run begins with. */
export const isBrought = (knot: string): boolean => knot.includes('[') || GROWTH.includes(knot);

const BREWS = 3;
/** So many values do the elements of a map come to. */
const KINDS_OF_CUPS = 4;
/** What knots that share a value have in common; undefined if the knot shares none. */
export function sharedBy(knot: string): string | undefined {
  const element = /^poured\[(\d+)\]$/.exec(knot)?.[1];
  if (element !== undefined) return `cup ${Number(element) % KINDS_OF_CUPS}`;
  return /^(brewed|steeped)-/.exec(knot)?.[1];
}
/** Whether it takes no lease of the value. */
export const isInSegment = (knot: string): boolean => knot.endsWith('-in-segment');

const BEATS = 30;
const PLACED = 6;
/** So many of the knots of the limited stage may run at once. */
export const PLACES = 2;
export const isPlaced = (knot: string): boolean => /^place-\d+$/.test(knot);
const PACED = 6;
/** So many of the knots that are paced may begin in a second. */
export const PACE = 4;
export const isPaced = (knot: string): boolean => /^paced-\d+$/.test(knot);
export const CHILD_RUN_KNOT = 'plod';
/** A signal. */
export const WORD = 'word';
/** What the client sends while a run waits. */
export const SENT = { [WORD]: 17, [GROWN]: 19 } as const;
const LOCAL_RETRY = { maximumAttempts: 2, initialInterval: 20 };

const livesInPython = pythonKnot<Lives, number>('twins:lives');
const HOSTS = { threads, python, dask, ray, celery };

/** A chain of knots whose bodies this host calls, the last one in a segment. */
const hostedBy = (kind: HostKind): Stage => ({
  bodiless: ids(kind, HOSTED),
  hosted: [...ids(kind, HOSTED), `${kind}-in-segment`],
  host: kind,
  build: (input, { place: { folder, blows, hosts } }) => {
    const options = hosts[kind];
    const host = options && HOSTS[kind](options);
    const body = host && kind !== 'threads' ? livesInPython : lives;
    let last = input;
    for (const id of ids(kind, HOSTED)) {
      last = body({ x: last, folder, blows }, { id, ...(host && { dispatcher: host }) });
    }
    const dispatcher = local(host && { host });
    return body({ x: last, folder, blows }, { id: `${kind}-in-segment`, dispatcher });
  },
});
const HOSTED = 3;
/** Whether a body host calls it. */
export const isHosted = (knot: string): boolean => /^(threads|python|dask|ray|celery)-/.test(knot);

const stages = {
  threads: hostedBy('threads'),
  python: hostedBy('python'),
  dask: hostedBy('dask'),
  ray: hostedBy('ray'),
  celery: hostedBy('celery'),
  chain: {
    queue: ids('chain', 4),
    build: (input) => chainOf('chain', 4, input),
  },
  fan: {
    queue: [...ids('fan', 5), 'fan-sum'],
    pair: ['fan-1', 'fan-2'],
    build: (input) => fanOf('fan', 5, input),
  },
  diamond: {
    queue: ['diamond-left', 'diamond-right', 'diamond-end'],
    pair: ['diamond-left', 'diamond-right'],
    build: (x, { size }) => {
      const left = text({ x, size }, { id: 'diamond-left' });
      const right = text({ x, size }, { id: 'diamond-right', summary: 'the right side' });
      return measure({ left, right }, { id: 'diamond-end' });
    },
  },
  woven: {
    local: [...ids('thread', 6), ...ids('weft', 5), 'weft-sum', 'warp', 'cloth'],
    build: (input) => {
      const thread = chainOf('thread', 6, input, inSegment);
      const weft = fanOf('weft', 5, thread, inSegment);
      const warp = flaky({ x: thread }, { id: 'warp', ...inSegment, retry: LOCAL_RETRY });
      return add({ a: weft, b: warp }, { id: 'cloth', ...inSegment });
    },
  },
  /** Segments with knots of the queue between them. */
  mended: {
    queue: ['patch'],
    local: [...ids('seam', 3), 'hem'],
    build: (input) => {
      const seam = chainOf('seam', 3, input, inSegment);
      const patch = double({ x: seam }, { id: 'patch' });
      return add({ a: patch, b: seam }, { id: 'hem', ...inSegment });
    },
  },
  retried: {
    queue: ['flaky', 'again'],
    throwsFirst: true,
    build: (input) => {
      const retry = { maximumAttempts: 3, initialInterval: 50 };
      return again({ x: flaky({ x: input }, { id: 'flaky', retry }) }, { id: 'again', retry });
    },
  },
  failing: {
    queue: ['beside'],
    build: (input) => {
      const fails = fail({ x: input }, { id: 'fails' });
      const late = linger({ x: input }, { id: 'late', timeout: 150 });
      const skipped = add({ a: fails, b: 1 }, { id: 'skipped' });
      add({ a: skipped, b: late }, { id: 'skipped-too' });
      fail({ x: input }, { id: 'fails-in-segment', ...inSegment });
      return outlast({ x: add({ a: input, b: 5 }, { id: 'beside' }) }, { id: 'outlast' });
    },
  },
  /** Failures that are received, required or done without, of parents in segments and out of them. */
  recovering: {
    queue: ['recovered'],
    local: ['recovered-in-segment'],
    build: (input) => {
      const lost = fail({ x: input }, { id: 'lost' });
      const missing = add({ a: lost, b: 1 }, { id: 'missing' });
      const spare = attempt({ x: input }, { id: 'spare' });
      const needed = add({ a: spare, b: 1 }, { id: 'needed', errorPolicy: 'requireAllParents' });
      const recovered = recover({ x: input, lost, missing, spare, needed }, { id: 'recovered' });
      const inside = fail({ x: recovered }, { id: 'lost-in-segment', ...inSegment });
      const below = add({ a: inside, b: 1 }, { id: 'missing-in-segment', ...inSegment });
      const strict = { errorPolicy: 'requireAllParents', ...inSegment } as const;
      const required = add({ a: below, b: 1 }, { id: 'needed-in-segment', ...strict });
      return recover(
        { x: recovered, lost, inside, below, required },
        { id: 'recovered-in-segment', ...inSegment },
      );
    },
  },
  /** Large values that gates, branches and rejoined paths pass on by reference, in segments and out of them. */
  branching: {
    queue: ['parity', 'widened', 'gate'],
    local: ['parity-in-segment'],
    build: (input, { size }) => {
      const large = text({ x: input, size }, { id: 'large' });
      const isLong = performed(({ value }: { value: string }) => value.length > 0);
      const pathOf = performed(({ value }: { value: string }) => (value.length % 2 === 0 ? 'even' : 'odd'));
      const tags = ['even', 'odd'] as const;
      const open = gate(
        { input: large, predicate: (value, context) => isLong({ value }, context) },
        { id: 'gate' },
      );
      gate({ input: large, predicate: () => false }, { id: 'closed' });
      const choice = {
        input: open,
        branches: tags,
        selector: (value: string, context: KnotContext) => pathOf({ value }, context),
      };
      const parity = branch(choice, { id: 'parity' });
      const widened = measure({ left: parity.path('even'), right: large }, { id: 'widened' });
      const odd = measure({ left: parity.path('odd'), right: large }, { id: 'if-odd' });
      const rejoined = firstOk({ of: [odd, widened] }, { id: 'rejoined' });
      const inside = branch(choice, { id: 'parity-in-segment', ...inSegment });
      const one = measure(
        { left: inside.path('even'), right: large },
        { id: 'even-in-segment', ...inSegment },
      );
      const other = measure(
        { left: inside.path('odd'), right: large },
        { id: 'odd-in-segment', ...inSegment },
      );
      const again = firstOk({ of: [other, one] }, { id: 'rejoined-in-segment', ...inSegment });
      return add({ a: rejoined, b: again }, { id: 'branched' });
    },
  },
  /** Runs of other tapestries; blows hit them wherever they come. */
  nested: {
    queue: ['from-loop'],
    build: (input) => {
      const isOver = performed(({ left }: { left: number }) => left === 0);
      const inner = subTapestry({ tapestry: innerRun, inputs: { x: input } }, { id: 'inner-run' });
      const looped = loop(
        {
          step: advance,
          initial: { x: fieldOf({ of: inner }, { id: 'from-inner' }), left: 3 },
          until: ({ left }, context) => isOver({ left }, context),
        },
        { id: 'loop' },
      );
      return fieldOf({ of: looped }, { id: 'from-loop' });
    },
  },
  streamed: {
    queue: ['written', 'read'],
    local: ['read-in-segment'],
    build: (input) => {
      const written = write({ x: input }, { id: 'written' });
      const first = read({ written }, { id: 'read' });
      const second = read({ written }, { id: 'read-in-segment', ...inSegment });
      return add({ a: first, b: second }, { id: 'streamed' });
    },
  },
  timed: {
    queue: ['timed'],
    local: ['timed-in-segment'],
    build: (input) => {
      const timed = double({ x: input }, { id: 'timed', timeout: 120_000 });
      return double({ x: timed }, { id: 'timed-in-segment', timeout: 120_000, ...inSegment });
    },
  },
  /** More than may run at once: the others wait, and places of killed workers become free again. */
  limited: {
    queue: ids('place', PLACED),
    build: (input) => {
      const all = Object.fromEntries(
        ids('place', PLACED).map((id, n) => {
          const priority = n % 2 === 0 ? 1 : 5;
          return [id, dwell({ x: input }, { id, maxConcurrent: { key: 'places', limit: PLACES }, priority })];
        }),
      );
      return sum(all, { id: 'placed' });
    },
  },
  /** In a mix that continues as new, the plodding knot has a child run, and what runs beside it fills executions. */
  beside: {
    queue: [CHILD_RUN_KNOT, ...ids('beat', BEATS)],
    slow: [CHILD_RUN_KNOT],
    build: (input) => {
      const plodded = plod({ x: input }, { id: CHILD_RUN_KNOT, timeout: 2 * SLOW_KNOT_MS });
      return add({ a: plodded, b: chainOf('beat', BEATS, input) }, { id: 'caught-up' });
    },
  },
  /** Waits for a signal, which the client sends and sends again when it comes back, and for a time. */
  waiting: {
    queue: ['told'],
    build: (input) => {
      const word = waitForSignal(WORD, z.number(), { id: 'word', after: [input] });
      waitForSignal('nothing', z.number(), { id: 'unheard', after: [input], timeout: 200 });
      const napped = nap({ ms: 300, input }, { id: 'napped' });
      return add({ a: word, b: napped }, { id: 'told' });
    },
  },
  /** Elements one by one, in batches and in a segment; some fail. */
  mapped: {
    queue: [...elementsOf('element', [0, 3, 6]), 'totalled'],
    local: elementsOf('element-in-segment', [1, 4]),
    batch: elementsOf('batched', [2, 5, 8]),
    maps: ['element', 'batched'],
    build: (input) => {
      const list = listOf({ x: input }, { id: 'list' });
      const elements = map({ over: list, each: double, bind: 'x', concurrency: 4 }, { id: 'element' });
      const batched = map(
        { over: elements, each: double, bind: 'x', concurrency: 9, batch: 4 },
        { id: 'batched' },
      );
      const picked = map({ over: list, each: pick, bind: 'x', batch: 6, onError: 'skip' }, { id: 'picked' });
      const inside = map(
        { over: batched, each: double, bind: 'x', concurrency: 2 },
        { id: 'element-in-segment', ...inSegment },
      );
      const left = total({ numbers: inside }, { id: 'totalled' });
      return add({ a: left, b: total({ numbers: picked }, { id: 'total-picked' }) }, { id: 'mapped' });
    },
  },
  /** Knots that a body brings, and knots that the client brings while the run waits for its word; one of each fails. */
  extended: {
    queue: ['planted', ...SHOOTS, ...GRAFTS],
    build: (input) => {
      const planted = plant({ x: input }, { id: 'planted' });
      const told = waitForSignal(GROWN, z.number(), { id: 'grown', after: [planted] });
      return add({ a: planted, b: told }, { id: 'ripe' });
    },
  },
  /** Values that are made once and taken over by others, at once, later and in a segment. */
  reused: {
    queue: ['served'],
    shared: [...ids('brewed', BREWS), ...elementsOf('poured', [0, 1, 2, 5, 7])],
    build: (input) => {
      const brewed = ids('brewed', BREWS).map((id) => brew({ x: input }, { id }));
      // What it comes to is no surprise: everything below it is looked up.
      const steeped = brewed.map((x, n) => steep({ x }, { id: `steeped-${n + 1}` }));
      const inside = brew({ x: input }, { id: 'brewed-in-segment', ...inSegment });
      const later = brew({ x: steeped[0]! }, { id: 'rebrewed' });
      const cups = cupsOf({ x: input }, { id: 'cups' });
      const poured = map({ over: cups, each: pour, bind: 'x', concurrency: 6 }, { id: 'poured' });
      const drunk = total({ numbers: poured }, { id: 'drunk' });
      const all = Object.fromEntries([...steeped, inside, later, drunk].map((of, n) => [`of-${n}`, of]));
      return sum(all, { id: 'served' });
    },
  },
  /**
   * Nodes of all kinds, in segments and out of them, a wait for a point in time, and knots that begin at a pace. Where it is, it comes
   * first: a source begins with the run, and so beside what stands first.
   */
  nodes: {
    queue: [...NODES, ...ids('paced', PACED), 'all-nodes'],
    local: NODES.map((id) => `${id}-in-segment`),
    bodiless: ['kind', 'either', 'on-time'],
    build: (input, { place: { due } }) => {
      const onTime = waitUntil({ time: due, input }, { id: 'on-time' });
      const queued = nodesAt('', onTime, queue());
      const inside = nodesAt('-in-segment', input, local());
      const paced = ids('paced', PACED).map((id, n) =>
        double(
          { x: input },
          { id, ratePerSecond: { key: 'pace', limit: PACE }, ...(n % 2 === 0 ? {} : inSegment) },
        ),
      );
      const all = Object.fromEntries([queued, inside, ...paced].map((of, n) => [`of-${n}`, of]));
      return sum(all, { id: 'all-nodes' });
    },
  },
  listed: {
    queue: ['keyed["b"]', ...elementsOf('collected', [0, 4]), 'all-mapped'],
    local: [
      'keyed-in-segment["c"]',
      ...elementsOf('paired-in-segment', [3, 8]),
      ...elementsOf('collected-in-segment', [1, 6]),
      'all-mapped-in-segment',
    ],
    batch: elementsOf('paired', [1, 6, 11]),
    maps: ['keyed', 'paired', 'collected'],
    build: (input) => {
      const queued = mapsAt('', input, queue(), 4);
      const inside = mapsAt('-in-segment', input, local(), 1);
      return add({ a: queued, b: inside }, { id: 'listed' });
    },
  },
  travelling: {
    queue: ['away', 'back', 'away-again'],
    build: (input, { place: { otherQueue } }) => {
      const away = double({ x: input }, { id: 'away', dispatcher: queue(otherQueue) });
      const back = add({ a: away, b: 1 }, { id: 'back' });
      return double({ x: back }, { id: 'away-again', dispatcher: queue(otherQueue) });
    },
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;

export interface Mix {
  readonly name: string;
  readonly stages: readonly StageName[];
  /** Whether some of its knots run on another task queue, which needs workers of its own. */
  readonly travels?: boolean;
  /** Whether its runs keep histories so short that they continue as new several times. */
  readonly continues?: boolean;
  /** Whether its runs are extended. */
  readonly isExtensible?: boolean;
  /** Whether two runs of the same work go on at once, so that either may take over what the other one makes. */
  readonly isTwice?: boolean;
  /** Whether all of it is one segment, so that its first step may end it. */
  readonly isOneSegment?: boolean;
  /** Its work is done for each element of a stream. */
  readonly elements?: ElementsOf;
}

export const MIXES: readonly Mix[] = [
  { name: 'short', stages: ['chain', 'fan', 'woven'] },
  // Its first segment is begun by the run's first step.
  { name: 'early', stages: ['woven', 'chain', 'mended'] },
  { name: 'at-once', stages: ['woven'], isOneSegment: true },
  { name: 'values', stages: ['diamond', 'streamed', 'mended', 'timed'] },
  { name: 'troubled', stages: ['failing', 'retried', 'fan', 'woven'] },
  { name: 'recovering', stages: ['chain', 'recovering', 'mended'] },
  { name: 'branching', stages: ['chain', 'branching', 'mended'] },
  { name: 'limited', stages: ['fan', 'limited', 'mended'] },
  { name: 'waiting', stages: ['chain', 'waiting', 'mended', 'fan'] },
  { name: 'nested', stages: ['chain', 'nested', 'fan'] },
  { name: 'mapped', stages: ['chain', 'mapped', 'mended'] },
  { name: 'nodes', stages: ['nodes', 'listed', 'mended'] },
  { name: 'threads', stages: ['chain', 'threads', 'mended'] },
  { name: 'python', stages: ['chain', 'python', 'fan'] },
  { name: 'dask', stages: ['chain', 'dask', 'fan'] },
  { name: 'ray', stages: ['chain', 'ray', 'fan'] },
  { name: 'celery', stages: ['chain', 'celery', 'fan'] },
  { name: 'extended', stages: ['chain', 'extended', 'fan'], isExtensible: true },
  { name: 'reused', stages: ['chain', 'reused', 'mended'], isTwice: true },
  {
    name: 'extended-continued',
    stages: ['beside', 'extended', 'mapped', 'fan'],
    isExtensible: true,
    continues: true,
  },
  {
    name: 'stream',
    stages: ['chain', 'mended'],
    elements: { count: 16, options: { order: 'all', concurrency: 4 } },
  },
  {
    name: 'stream-by-key',
    stages: ['fan'],
    elements: { count: 24, keys: 3, options: { concurrency: 4 } },
  },
  {
    name: 'stream-batched',
    stages: ['fan', 'woven'],
    elements: { count: 30, options: { order: 'all', concurrency: 2, batch: 4 } },
  },
  { name: 'travelling', stages: ['chain', 'travelling', 'fan'], travels: true },
  {
    name: 'continued',
    stages: [
      'nodes',
      'beside',
      'diamond',
      'limited',
      'woven',
      'nested',
      'failing',
      'recovering',
      'branching',
      'waiting',
      'mapped',
      'listed',
      'reused',
      'mended',
      'fan',
    ],
    continues: true,
  },
  {
    name: 'everything',
    stages: [
      'nodes',
      'chain',
      'fan',
      'diamond',
      'woven',
      'mended',
      'retried',
      'failing',
      'recovering',
      'branching',
      'streamed',
      'timed',
      'limited',
      'waiting',
      'mapped',
      'listed',
      'reused',
      'travelling',
    ],
    travels: true,
  },
];

/** Whether all body hosts of its stages are there. */
export function isPossible({ stages: names }: Mix, hosts: HostOptions): boolean {
  return names.every((name) => {
    const { host } = stageOf(name);
    return host === undefined || hosts[host] !== undefined;
  });
}

export function stageOf(name: StageName): Stage {
  return stages[name];
}

export function mixNamed(name: string): Mix {
  return MIXES.find((mix) => mix.name === name)!;
}

/** Of runs: so that lost workers are missed soon, and none that is only busy, of dozens on one machine. */
export const HEARTBEAT_TIMEOUT_MS = 6_000;

export interface MixParameters {
  readonly x: number;
  readonly size: number;
}

/** The tapestry of a mix. */
export function mixedTapestry(mix: Mix, place: MixPlace): Tapestry<MixParameters, { end: number }> {
  const extensible = mix.isExtensible ? { definitions: [grow, wither] } : false;
  return tapestry(mix.name, { extensible }, (t) => {
    const size = t.parameter('size', z.number());
    let last: Knot<number> = t.parameter('x', z.number());
    for (const name of mix.stages) last = stageOf(name).build(last, { size, place });
    return { end: add({ a: last, b: 0 }, { id: 'end', ...(mix.isOneSegment && inSegment) }) };
  });
}
