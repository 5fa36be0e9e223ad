import {
  branch,
  firstOk,
  fragment,
  gate,
  knot,
  local,
  loop,
  map,
  optional,
  queue,
  sleep,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type Knot,
  type KnotContext,
  type Outcome,
  type Tapestry,
} from '../../src';
import { z } from 'zod';
import { SelvageError } from '../../src/errors';
import type { RunLimits } from '../../src/workflows/run-limits';

/**
 * A table of runs: every kind of node, with every policy that means something for it, through what may come while it is under way. As with
 * `shapes.ts`, stored histories are replayed without them.
 *
 * Each run has the node twice: `good`, which ends well or is held until the recorder lets it go, and `bad`, which fails.
 */

/** With this parameter, bodies are held, and times are so far away. */
const HELD = 6_000;

/** Bodies that are held, by the id of their run. */
class Holds {
  private readonly held = new Set<string>();
  private readonly open = new Set<string>();
  private readonly waiting = new Set<() => void>();

  /** Whether a body of the run, or of one that its knots have started, is held. */
  isHeld(run: string): boolean {
    return [...this.held].some((id) => isWithin(id, run));
  }

  release(run: string): void {
    this.open.add(run);
    for (const look of [...this.waiting]) look();
  }

  async hold({ runId, signal }: KnotContext): Promise<void> {
    this.held.add(runId);
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (![...this.open].some((run) => isWithin(runId, run))) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
      look();
    });
  }
}

export const holds = new Holds();

const isWithin = (id: string, run: string): boolean => id === run || id.startsWith(`${run}/`);

async function act(x: number, context: KnotContext): Promise<number> {
  if (x < 0) throw new Error(`no luck with ${x}`);
  if (x === HELD) await holds.hold(context);
  return x + 1;
}

const work = knot('work', ({ x }: { x: number }, context) => act(x, context));
const perhaps = optional(work);
const negative = knot('negative', ({ x }: { x: number }) => -x);
const pass = knot('pass', ({ x }: { x: unknown }) => JSON.stringify(x));
const list = knot('list', ({ x }: { x: number }) => [x, 1, 2]);
const table = knot('table', ({ x }: { x: number }) => ({ first: x, second: 1 }));
const due = knot('due', ({ x }: { x: number }) => (x < 0 ? Number.NaN : Date.now() + x));
const tell = knot('tell', { receives: 'outcomes' }, (outcomes: Record<string, Outcome>) =>
  Object.entries(outcomes).map(([name, { kind }]) => `${name} ${kind}`),
);
const plant = knot('plant', ({ x }: { x: number }, context) => {
  context.extend(fragment((f) => void pass({ x: f.ref('good') }, { id: 'planted' })));
  return x;
});

/** What a client adds to a run that is held: more knots, and what is refused. */
export const MORE = fragment((f) => {
  const added = pass({ x: f.ref('good') }, { id: 'added' });
  return { more: tell({ added, failed: f.ref('bad') }, { id: 'more' }) };
});
export const NONSENSE = fragment((f) => void pass({ x: f.ref('unknown') }, { id: 'never' }));

const inner = tapestry('crossed-inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: work({ x }, { id: 'work' }),
}));

/** Options of the placement, which not every node takes. */
type Policy = object;

interface Kind {
  /** @param x negative for the one that is to fail */
  place(x: Knot<number>, id: string, policy: Policy): Knot<unknown>;
  /** Runs in a child run. */
  readonly isAway?: true;
  /** Holds no body, but waits. */
  readonly waits?: true;
  /** Needs the signal `go`. */
  readonly needsGo?: true;
  readonly limits?: Partial<RunLimits>;
  /** Differs in some of what it does from the kind that is crossed with everything. */
  readonly isVariant?: true;
}

const element = ({ element: x }: { element: number }, context: KnotContext): Promise<number> =>
  act(x, context);
const TWO_HOURS_MS = 7_200_000;

const KINDS: Readonly<Record<string, Kind>> = {
  body: { place: (x, id, policy) => work({ x }, { id, ...policy }) },
  optional: { place: (x, id, policy) => perhaps({ x }, { id, ...policy }), isVariant: true },
  slow: {
    place: (x, id, policy) => work({ x }, { id, timeout: TWO_HOURS_MS, ...policy }),
    limits: { childRunsFromEvents: 1 },
    isAway: true,
  },
  gate: {
    place: (input, id, policy) =>
      gate({ input, predicate: async (x, context) => (await act(x, context)) > 0 }, { id, ...policy }),
  },
  'gate-closed': {
    place: (input, id, policy) =>
      gate({ input, predicate: async (x, context) => (await act(x, context)) < 0 }, { id, ...policy }),
    isVariant: true,
  },
  branch: {
    place: (input, id, policy) => {
      const way = branch(
        {
          input,
          branches: ['one', 'other'],
          selector: async (x, context) => ((await act(x, context)) > 0 ? 'one' : 'other'),
        },
        { id, ...policy },
      );
      pass({ x: way.path('other') }, { id: `${id}-other` });
      return way.path('one');
    },
  },
  firstOk: {
    place: (x, id, policy) => {
      const never = work({ x: negative({ x }, { id: `${id}-negative` }) }, { id: `${id}-never` });
      return firstOk({ of: [never, work({ x }, { id: `${id}-work` })] }, { id, ...policy });
    },
  },
  map: {
    place: (x, id, policy) =>
      map({ over: list({ x }, { id: `${id}-list` }), each: element }, { id, ...policy }),
    isAway: true,
  },
  'map-narrow': mapping({ concurrency: 1, onError: 'skip' }),
  'map-collect': mapping({ onError: 'collect' }),
  'map-batch': mapping({ batch: 2, onError: 'skip' }),
  'map-record': {
    place: (x, id, policy) =>
      map({ over: table({ x }, { id: `${id}-table` }), each: element }, { id, ...policy }),
    isAway: true,
    isVariant: true,
  },
  subTapestry: {
    place: (x, id, policy) => subTapestry({ tapestry: inner, inputs: { x } }, { id, ...policy }),
    isAway: true,
  },
  loop: {
    place: (x, id, policy) =>
      loop({ step: inner, initial: { x }, until: ({ x: now }) => now > 6 }, { id, ...policy }),
    isAway: true,
  },
  'loop-limit': {
    place: (x, id, policy) =>
      loop({ step: inner, initial: { x }, until: () => false, max: 2 }, { id, ...policy }),
    isAway: true,
    isVariant: true,
  },
  waitForSignal: {
    place: (x, id, policy) =>
      id === 'good'
        ? waitForSignal('go', z.number(), { id, after: [x], ...policy })
        : waitForSignal('never', z.number(), { id, after: [x], timeout: 50, ...policy }),
    waits: true,
    needsGo: true,
  },
  sleep: { place: (ms, id, policy) => sleep({ ms, input: ms }, { id, ...policy }), waits: true },
  waitUntil: {
    place: (x, id, policy) =>
      waitUntil({ time: due({ x }, { id: `${id}-due` }), input: x }, { id, ...policy }),
    waits: true,
  },
};

function mapping(options: object): Kind {
  return {
    place: (x, id, policy) =>
      map({ over: list({ x }, { id: `${id}-list` }), each: element, ...options }, { id, ...policy }),
    isAway: true,
    isVariant: true,
  };
}

/** A task queue that the recorder works for beside its own. */
export const ELSEWHERE = 'elsewhere';

const PLAIN = 'plain';
const POLICIES: Readonly<Record<string, Policy>> = {
  [PLAIN]: {},
  local: { dispatcher: local() },
  retried: { retry: { maximumAttempts: 2, initialInterval: 20 } },
  timed: { timeout: 60_000 },
  cached: { cache: { codeHash: 'source' } },
  strict: { errorPolicy: 'requireAllParents' },
  patient: { cancelGrace: 200 },
  urgent: { priority: 1 },
  single: { maxConcurrent: 1 },
  paced: { ratePerSecond: 20 },
  [ELSEWHERE]: { dispatcher: queue(ELSEWHERE) },
};
/** Those that variants of a kind are crossed with. */
const OF_VARIANTS = [PLAIN, 'local', 'retried'];
/** Those that a cancel is crossed with. */
const OF_CANCELS = [...OF_VARIANTS, 'patient', ELSEWHERE];

/** What is done to a run that is held, in this order; then its bodies are let go. */
export type Blow = 'signal' | 'extend' | 'cancel' | 'terminate' | 'lose' | 'rest';

interface Situation {
  readonly x: number;
  readonly blows?: readonly Blow[];
  readonly deadline?: number;
  readonly limits?: Partial<RunLimits>;
  /** Needs the tapestry that has a chain of knots beside, waits for a signal, and may be extended. */
  readonly isLong?: true;
  meets(kind: Kind, policy: string): boolean;
}

/** A chain of knots fills a history of so many events several times. */
const SHORT = { holdEvents: 45, firstCheckMs: 400, longestCheckMs: 1_000 };
const always = (kind: Kind, policy: string): boolean => !kind.isVariant && policy === PLAIN;
const whereItOutlives = (kind: Kind, policy: string): boolean =>
  always(kind, policy) && (kind.isAway ?? kind.waits) === true;
const inChildRuns = (kind: Kind, policy: string): boolean => always(kind, policy) && kind.isAway === true;

const SITUATIONS: Readonly<Record<string, Situation>> = {
  ended: { x: 5, meets: () => true },
  cancelled: { x: HELD, blows: ['cancel'], meets: (_, policy) => OF_CANCELS.includes(policy) },
  deadline: { x: HELD, deadline: 2_500, meets: always },
  signalled: { x: HELD, blows: ['signal'], isLong: true, meets: always },
  extended: { x: HELD, blows: ['extend', 'signal'], isLong: true, meets: always },
  continued: {
    x: HELD,
    blows: ['rest', 'signal', 'extend'],
    limits: SHORT,
    isLong: true,
    meets: (kind, policy) => !kind.isVariant && (policy === PLAIN || policy === 'local'),
  },
  'continued-cancelled': {
    x: HELD,
    blows: ['rest', 'cancel'],
    limits: SHORT,
    isLong: true,
    meets: whereItOutlives,
  },
  terminated: { x: HELD, blows: ['terminate'], meets: inChildRuns },
  'continued-terminated': {
    x: HELD,
    blows: ['rest', 'terminate', 'signal'],
    limits: SHORT,
    isLong: true,
    meets: inChildRuns,
  },
  'records-lost': { x: HELD, blows: ['lose'], meets: always },
};

export interface Crossed {
  readonly name: string;
  /** Its histories are kept with those of the others of the kind. */
  readonly kind: string;
  readonly tapestry: Tapestry;
  readonly parameters: { readonly x: number };
  readonly blows: readonly Blow[];
  readonly deadline?: number;
  readonly limits: Partial<RunLimits>;
  readonly waits: boolean;
  readonly needsGo: boolean;
  /** The run that it goes on from. */
  readonly resumes?: string;
  /** The run that must have ended before it begins. */
  readonly after?: string;
}

export const CROSSED: readonly Crossed[] = Object.entries(KINDS).flatMap(([kind, node]) => {
  const policies = Object.keys(POLICIES).filter((policy) => !node.isVariant || OF_VARIANTS.includes(policy));
  return policies.flatMap((policy) => {
    const short = built(kind, policy, false);
    if (!short) return [];
    const long = built(kind, policy, true)!;
    return runsOf(kind, policy, short, long);
  });
});

function runsOf(kind: string, policy: string, short: Tapestry, long: Tapestry): Crossed[] {
  const node = KINDS[kind]!;
  const name = `${kind}-${policy}`;
  const crossed = ({ x, blows = [], deadline, limits, isLong }: Situation): Omit<Crossed, 'name'> => ({
    kind,
    tapestry: isLong ? long : short,
    parameters: { x },
    blows,
    ...(deadline !== undefined && { deadline }),
    limits: { ...node.limits, ...limits },
    waits: node.waits === true,
    needsGo: node.needsGo === true,
  });
  const met = Object.entries(SITUATIONS).filter(([, { meets }]) => meets(node, policy));
  const runs = met.map(([title, situation]) => ({ name: `${name}-${title}`, ...crossed(situation) }));
  const after = `${name}-ended`;
  const again = { ...crossed(SITUATIONS['ended']!), after };
  if (policy === 'cached') return [...runs, { ...again, name: `${name}-reused` }];
  if (always(node, policy)) return [...runs, { ...again, name: `${name}-resumed`, resumes: after }];
  return runs;
}

/** Undefined if the policy means nothing for the node. */
function built(kind: string, policy: string, isLong: boolean): Tapestry | undefined {
  const name = `crossed-${kind}-${policy}${isLong ? '-long' : ''}`;
  const place = (x: Knot<number>, id: string): Knot<unknown> => KINDS[kind]!.place(x, id, POLICIES[policy]!);
  try {
    return tapestry(name, { extensible: isLong }, (t) => {
      const x = t.parameter('x', z.number());
      const before = list({ x }, { id: 'before' });
      const good = place(x, 'good');
      const bad = place(negative({ x }, { id: 'negative' }), 'bad');
      const below = pass({ x: bad }, { id: 'below' });
      pass({ x: before }, { id: 'behind' });
      if (isLong) addMore(x);
      return { told: tell({ good, bad, below }, { id: 'told' }), after: pass({ x: good }, { id: 'after' }) };
    });
  } catch (error) {
    if (SelvageError.is(error, 'InvalidConfig')) return undefined;
    throw error;
  }
}

function addMore(x: Knot<number>): void {
  let last: Knot<number> = negative({ x }, { id: 'chain-0' });
  for (let place = 1; place < 20; place++) last = negative({ x: last }, { id: `chain-${place}` });
  plant({ x: last }, { id: 'plant' });
  const said = waitForSignal('word', z.number(), { id: 'said', timeout: 20_000 });
  pass({ x: said }, { id: 'after-said' });
}
