import { setTimeout as delay } from 'node:timers/promises';
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
  type Dispatcher,
  type Knot,
  type Outcome,
  type Tapestry,
} from '../../src';
import { z } from 'zod';
import type { RunLimits } from '../../src/workflows/run-limits';

/**
 * The tapestries whose histories are kept. A stored history is replayed against the interpreter alone, so they serve only
 * for recording; they stay here to tell what each history is of.
 */
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const increment = knot('increment', ({ x }: { x: number }) => x + 1);
const fail = knot('fail', ({ x }: { x: number }): number => {
  throw new Error(`no luck with ${x}`);
});
const attempt = optional(fail);
const recover = knot(
  'recover',
  { receives: 'outcomes' },
  (outcomes: Record<string, Outcome>) => Object.values(outcomes).filter(({ kind }) => kind === 'ok').length,
);
const linger = knot('linger', async ({ x }: { x: number }, { signal }) => {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  throw new Error(`given up with ${x}`);
});
const listFrom = knot('list', ({ x, length }: { x: number; length: number }) =>
  Array.from({ length }, (_, index) => x + index),
);
const sum = knot('sum', (numbers: Record<string, number>) =>
  Object.values(numbers).reduce((total, number) => total + number, 0),
);

/** Extends its run by one like itself, and by one of what has failed. */
const grow = knot('grow', ({ left }: { left: number }, context): number => {
  if (left === 0) return left;
  context.extend(
    fragment((f) => {
      grow({ left: left - 1 }, { id: `left-${left - 1}` });
      increment({ x: f.ref('failed') }, { id: `skipped-${left}` });
    }),
  );
  return left;
});

/** Long enough that a run of {@link SHORT_EXECUTIONS} continues as new meanwhile. */
const takeTime = knot('takeTime', async ({ x }: { x: number }) => {
  await delay(8_000);
  return x;
});

const dispatched = { knots: { dispatcher: local() } };
/** Longer than a segment waits for a retry, which then is an activity of its own. */
const LONG_BACK_OFF_MS = 10_500;
/** Long enough for a child run. */
const TWO_HOURS_MS = 7_200_000;

/** A plan of a dozen knots counts as large, so that slow ones go to child runs. */
const CHILD_RUNS_SOON = { childRunsFromEvents: 60 };
/** Runs continue as new after some fifty knots in a chain. */
const SHORT_EXECUTIONS = { ...CHILD_RUNS_SOON, holdEvents: 300 };

const failingTapestry = tapestry('nested-failing', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: fail({ x }, { id: 'failed' }),
}));
const lingering = tapestry('nested-lingering', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: linger({ x }, { id: 'slow' }),
}));

export interface Shape {
  readonly name: string;
  /** Absent where it resumes the run of another shape. */
  readonly tapestry?: Tapestry;
  readonly parameters?: object;
  /** Cancel the run as soon as a knot of it runs. */
  readonly cancel?: boolean;
  /** A task queue of which the first activity is taken and never heard of again, before the cancel. */
  readonly loses?: string;
  /** Knots that run in child runs, whose histories are kept as well; `<map>/<position>` is a part of a map. */
  readonly children?: readonly string[];
  /** What of the run's limits is to be other than by default. */
  readonly limits?: Partial<RunLimits>;
  /** Milliseconds from its start after which the run is to be over. */
  readonly deadline?: number;
  /** Sent one after the other when it is begun: by an update, or as Temporal's own. */
  readonly signals?: readonly { readonly name: string; readonly payload: unknown; readonly raw?: true }[];
  /** The shape whose run this one goes on from. */
  readonly resumes?: string;
}

const halve = knot('halve', ({ x }: { x: number }) => Math.floor(x / 2));
const incrementOnce = knot('incrementOnce', { version: '1', cache: true }, ({ x }: { x: number }) => x + 1);

/** Knots whose values are reused: of a parameter, and below one that is not; by themselves and in segments. */
const reused = tapestry('reused', (t) => {
  const x = t.parameter('x', z.number());
  const known = incrementOnce({ x }, { id: 'known' });
  const half = halve({ x }, { id: 'half' });
  const first = incrementOnce({ x: half }, { id: 'first' });
  const second = incrementOnce({ x: first }, { id: 'second', dispatcher: local() });
  const third = incrementOnce({ x: second }, { id: 'third' });
  const fourth = add({ a: third, b: known }, { id: 'fourth', dispatcher: local() });
  return { fifth: incrementOnce({ x: fourth }, { id: 'fifth', dispatcher: local() }) };
});

export const SHAPES: readonly Shape[] = [
  {
    name: 'diamond',
    parameters: { x: 5 },
    tapestry: tapestry('diamond', (t) => {
      const x = t.parameter('x', z.number());
      const left = increment({ x }, { id: 'left', summary: 'the left side' });
      const right = increment({ x }, { id: 'right' });
      return { answer: add({ a: left, b: right }, { id: 'answer' }) };
    }),
  },
  {
    name: 'failure',
    parameters: { x: 5 },
    tapestry: tapestry('failure', (t) => {
      const x = t.parameter('x', z.number());
      const failed = fail({ x }, { id: 'failed' });
      return { ok: increment({ x }, { id: 'ok' }), skipped: increment({ x: failed }, { id: 'skipped' }) };
    }),
  },
  { name: 'map', parameters: { x: 0 }, children: ['mapped'], tapestry: ofMap('map', 10, queue()) },
  {
    name: 'map-batches',
    parameters: { x: 0 },
    children: ['mapped'],
    tapestry: ofMap('map-batches', 40, queue(), { batch: 15 }),
  },
  {
    // More batches than run at once.
    name: 'map-many-batches',
    parameters: { x: 0 },
    children: ['mapped'],
    tapestry: ofMap('map-many-batches', 60, queue(), { batch: 5, concurrency: 12 }),
  },
  {
    name: 'map-parts',
    parameters: { x: 0 },
    children: ['mapped', 'mapped/500'],
    tapestry: ofMap('map-parts', 1_100, queue()),
  },
  { name: 'map-segment', parameters: { x: 0 }, tapestry: ofMap('map-segment', 40, local()) },
  { name: 'refused', parameters: { x: 'five' }, tapestry: single('refused') },
  {
    name: 'cancelled',
    parameters: { x: 5 },
    cancel: true,
    tapestry: tapestry('cancelled', (t) => {
      const x = t.parameter('x', z.number());
      const lingering = linger({ x }, { id: 'lingering' });
      return { after: increment({ x: lingering }, { id: 'after' }) };
    }),
  },
  {
    name: 'fan-600',
    parameters: { x: 5 },
    tapestry: tapestry('fan-600', (t) => {
      const x = t.parameter('x', z.number());
      const all = Object.fromEntries(
        Array.from({ length: 600 }, (_, index) => [`k${index}`, increment({ x }, { id: `k${index}` })]),
      );
      return { total: sum(all, { id: 'total' }) };
    }),
  },
  {
    // So long that the server suggests it.
    name: 'continued',
    parameters: { x: 0 },
    tapestry: tapestry('continued', (t) => {
      let last: Knot<number> = increment({ x: t.parameter('x', z.number()) }, { id: 'k0' });
      for (let index = 1; index < 800; index++) last = increment({ x: last }, { id: `k${index}` });
      return { last };
    }),
  },
  {
    name: 'segment-chain',
    parameters: { x: 0 },
    tapestry: tapestry('segment-chain', dispatched, (t) => {
      let last: Knot<number> = increment({ x: t.parameter('x', z.number()) }, { id: 'k0' });
      for (let index = 1; index < 100; index++) last = increment({ x: last }, { id: `k${index}` });
      return { last };
    }),
  },
  {
    name: 'segment-fan',
    parameters: { x: 5 },
    tapestry: tapestry('segment-fan', dispatched, (t) => {
      const x = t.parameter('x', z.number());
      const all = Object.fromEntries(
        Array.from({ length: 100 }, (_, index) => [`k${index}`, increment({ x }, { id: `k${index}` })]),
      );
      return { total: sum(all, { id: 'total' }) };
    }),
  },
  {
    name: 'segment-mixed',
    parameters: { x: 5 },
    tapestry: tapestry('segment-mixed', dispatched, (t) => {
      const before = increment({ x: t.parameter('x', z.number()) }, { id: 'before' });
      const queued = increment({ x: before }, { id: 'queued', dispatcher: queue() });
      const beside = increment({ x: before }, { id: 'beside' });
      return { after: add({ a: queued, b: beside }, { id: 'after' }) };
    }),
  },
  {
    name: 'segment-later',
    parameters: { x: 0 },
    tapestry: tapestry('segment-later', dispatched, (t) => {
      const begin = increment({ x: t.parameter('x', z.number()) }, { id: 'begin', dispatcher: queue() });
      let last: Knot<number> = increment({ x: begin }, { id: 'k0' });
      for (let index = 1; index < 20; index++) last = increment({ x: last }, { id: `k${index}` });
      return { last };
    }),
  },
  {
    name: 'segment-failure',
    parameters: { x: 5 },
    tapestry: tapestry('segment-failure', dispatched, (t) => {
      const x = t.parameter('x', z.number());
      const failed = fail({ x }, { id: 'failed' });
      return {
        ok: increment({ x }, { id: 'ok' }),
        skipped: increment({ x: failed }, { id: 'skipped' }),
        outside: increment({ x: failed }, { id: 'outside', dispatcher: queue() }),
      };
    }),
  },
  {
    name: 'segment-given-back',
    parameters: { x: 5 },
    tapestry: tapestry('segment-given-back', dispatched, (t) => {
      const x = t.parameter('x', z.number());
      const retry = { maximumAttempts: 2, initialInterval: LONG_BACK_OFF_MS };
      const failed = fail({ x }, { id: 'failed', retry });
      return { ok: increment({ x }, { id: 'ok' }), skipped: increment({ x: failed }, { id: 'skipped' }) };
    }),
  },
  {
    name: 'segment-cancelled',
    parameters: { x: 5 },
    cancel: true,
    tapestry: tapestry('segment-cancelled', dispatched, (t) => {
      const x = t.parameter('x', z.number());
      const lingering = linger({ x }, { id: 'lingering' });
      return { after: increment({ x: lingering }, { id: 'after' }) };
    }),
  },
  {
    name: 'cancelled-lost',
    parameters: { x: 5 },
    loses: 'losing',
    limits: { heartbeatTimeoutMs: 3_000 },
    cancel: true,
    tapestry: tapestry('cancelled-lost', (t) => {
      const x = t.parameter('x', z.number());
      // Longer than the server waits for a sign of life.
      increment({ x }, { id: 'lost', dispatcher: queue('losing'), cancelGrace: 120_000 });
    }),
  },
  {
    name: 'deadline',
    parameters: { x: 5 },
    deadline: 3_000,
    tapestry: tapestry('deadline', (t) => {
      const x = t.parameter('x', z.number());
      const lingering = linger({ x }, { id: 'lingering' });
      return { after: increment({ x: lingering }, { id: 'after' }) };
    }),
  },
  { name: 'policies', parameters: { x: 5 }, tapestry: ofPolicies('policies', queue()) },
  { name: 'segment-policies', parameters: { x: 5 }, tapestry: ofPolicies('segment-policies', local()) },
  { name: 'nodes', parameters: { x: 5 }, tapestry: ofNodes('nodes', queue()) },
  { name: 'segment-nodes', parameters: { x: 5 }, tapestry: ofNodes('segment-nodes', local()) },
  { name: 'in-time', parameters: { x: 5 }, deadline: 3_600_000, tapestry: single('in-time') },
  { name: 'resumed', resumes: 'failure' },
  {
    name: 'limited',
    parameters: { x: 5 },
    tapestry: tapestry('limited', dispatched, (t) => {
      const x = t.parameter('x', z.number());
      // They go by themselves, and some are refused before they run.
      const all = Object.fromEntries(
        Array.from({ length: 6 }, (_, n) => [
          `k${n}`,
          increment(
            { x },
            { id: `k${n}`, maxConcurrent: 1, ratePerSecond: 2, priority: n % 2 === 0 ? 1 : 5 },
          ),
        ]),
      );
      return { total: sum(all, { id: 'total' }) };
    }),
  },
  {
    name: 'child-run',
    parameters: { x: 5 },
    limits: CHILD_RUNS_SOON,
    children: ['slow'],
    tapestry: tapestry('child-run', (t) => {
      const x = t.parameter('x', z.number());
      const slow = increment({ x }, { id: 'slow', timeout: TWO_HOURS_MS, summary: 'may take hours' });
      skippedBehind(fail({ x: slow }, { id: 'failed' }));
    }),
  },
  {
    name: 'child-run-failure',
    parameters: { x: 5 },
    limits: CHILD_RUNS_SOON,
    children: ['slow'],
    tapestry: tapestry('child-run-failure', (t) => {
      const x = t.parameter('x', z.number());
      skippedBehind(fail({ x }, { id: 'slow', timeout: TWO_HOURS_MS }));
    }),
  },
  {
    name: 'child-run-cancelled',
    parameters: { x: 5 },
    limits: CHILD_RUNS_SOON,
    cancel: true,
    children: ['slow'],
    tapestry: tapestry('child-run-cancelled', (t) => {
      const x = t.parameter('x', z.number());
      skippedBehind(linger({ x }, { id: 'slow', timeout: TWO_HOURS_MS }));
    }),
  },
  {
    name: 'extended',
    parameters: { x: 3 },
    tapestry: tapestry('extended', { extensible: true }, (t) => {
      const x = t.parameter('x', z.number());
      fail({ x }, { id: 'failed' });
      increment({ x }, { id: 'more' });
      grow({ left: x }, { id: 'grow' });
    }),
  },
  {
    name: 'child-run-continued',
    parameters: { x: 0 },
    limits: SHORT_EXECUTIONS,
    children: ['slow'],
    tapestry: tapestry('child-run-continued', (t) => {
      const x = t.parameter('x', z.number());
      let last: Knot<number> = increment({ x }, { id: 'k0' });
      for (let index = 1; index < 40; index++) last = increment({ x: last }, { id: `k${index}` });
      // Not long before the first execution ends.
      const slow = takeTime({ x: last }, { id: 'slow', timeout: TWO_HOURS_MS });
      for (let index = 40; index < 70; index++) last = increment({ x: last }, { id: `k${index}` });
      skippedBehind(fail({ x: add({ a: slow, b: last }, { id: 'both' }) }, { id: 'failed' }));
    }),
  },
  { name: 'reused', parameters: { x: 4 }, tapestry: reused },
  { name: 'reused-again', parameters: { x: 4 }, tapestry: reused },
  { name: 'reused-below', parameters: { x: 5 }, tapestry: reused },
  {
    name: 'waits',
    parameters: { x: 300 },
    signals: [
      { name: 'go', payload: 'early' },
      { name: 'go', payload: 5 },
      { name: 'nothing', payload: 5 },
      { name: 'go', payload: { by: 'Temporal' }, raw: true },
      { name: 'go', payload: 'raw', raw: true },
    ],
    tapestry: tapestry('waits', (t) => {
      const x = t.parameter('x', z.number());
      const first = waitForSignal('go', z.string(), { id: 'first' });
      const slept = sleep({ ms: x, input: x, after: [first] }, { id: 'slept' });
      const second = waitForSignal('go', z.string(), { id: 'second', after: [slept] });
      const due = waitUntil({ time: x, input: slept }, { id: 'due' });
      const never = waitForSignal('never', z.number(), { id: 'never', timeout: 500, after: [second] });
      const briefly = sleep({ ms: 10, input: due }, { id: 'briefly' });
      return {
        sum: add({ a: briefly, b: slept }, { id: 'sum' }),
        below: increment({ x: never }, { id: 'below' }),
      };
    }),
  },
  {
    name: 'waits-cancelled',
    parameters: { x: 5 },
    cancel: true,
    tapestry: tapestry('waits-cancelled', (t) => {
      const x = t.parameter('x', z.number());
      linger({ x }, { id: 'lingering' });
      const word = waitForSignal('word', z.number(), { id: 'word' });
      return { end: add({ a: word, b: sleep({ ms: 3_600_000, input: x }, { id: 'slept' }) }, { id: 'end' }) };
    }),
  },
  {
    name: 'waits-continued',
    parameters: { x: 0 },
    limits: SHORT_EXECUTIONS,
    signals: [{ name: 'word', payload: 7 }],
    tapestry: tapestry('waits-continued', (t) => {
      const x = t.parameter('x', z.number());
      let last: Knot<number> = increment({ x }, { id: 'k0' });
      for (let index = 1; index < 70; index++) last = increment({ x: last }, { id: `k${index}` });
      // Open when the first execution ends, with a signal that nobody has taken.
      const slept = sleep({ ms: 8_000, input: x }, { id: 'slept' });
      const word = waitForSignal('word', z.number(), { id: 'word', after: [slept] });
      waitForSignal('nothing', z.number(), { id: 'nothing', timeout: 9_000 });
      return { end: add({ a: word, b: last }, { id: 'end' }) };
    }),
  },
  {
    name: 'nested',
    parameters: { x: 1 },
    children: ['inner', 'failing'],
    tapestry: tapestry('nested', (t) => {
      const x = t.parameter('x', z.number());
      const inner = subTapestry({ tapestry: incrementing('nested-inner'), inputs: { x } }, { id: 'inner' });
      const failing = subTapestry({ tapestry: failingTapestry, inputs: { x } }, { id: 'failing' });
      return { told: recover({ inner, failing }, { id: 'told' }) };
    }),
  },
  {
    name: 'nested-cancelled',
    parameters: { x: 1 },
    cancel: true,
    children: ['inner'],
    tapestry: tapestry('nested-cancelled', (t) => {
      const x = t.parameter('x', z.number());
      subTapestry({ tapestry: lingering, inputs: { x } }, { id: 'inner' });
    }),
  },
  {
    name: 'loop',
    parameters: { x: 1 },
    children: ['counted', 'limited'],
    tapestry: tapestry('loop', (t) => {
      const step = incrementing('loop-step');
      const x = t.parameter('x', z.number());
      const counted = loop({ step, initial: { x }, until: (state) => state.x >= 4 }, { id: 'counted' });
      const limited = loop({ step, initial: { x }, until: () => false, max: 2 }, { id: 'limited' });
      return { told: recover({ counted, limited }, { id: 'told' }) };
    }),
  },
];

/** Receivers of failures that are recorded by activities, and of such as are not; in segments and by themselves. */
function ofPolicies(name: string, dispatcher: Dispatcher): Tapestry {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const failed = fail({ x }, { id: 'failed' });
    const outside = attempt({ x }, { id: 'outside', dispatcher: queue() });
    const skipped = increment({ x: failed }, { id: 'skipped' });
    const required = increment({ x: outside }, { id: 'required', errorPolicy: 'requireAllParents' });
    const first = recover({ failed, x }, { id: 'first' });
    const second = recover({ skipped, required, outside, x }, { id: 'second' });
    return { all: recover({ first, second, failed, skipped }, { id: 'all' }) };
  });
}

/** Gates, branches and what rejoins them; in segments and by themselves. */
function ofNodes(name: string, dispatcher: Dispatcher): Tapestry {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const more = increment({ x }, { id: 'more' });
    const size = branch(
      { input: more, branches: ['small', 'large'], selector: (x) => (x > 100 ? 'large' : 'small') },
      { id: 'size' },
    );
    const large = increment({ x: size.path('large') }, { id: 'if-large' });
    const small = increment({ x: size.path('small') }, { id: 'if-small', dispatcher: queue() });
    const either = firstOk({ of: [large, small] }, { id: 'either' });
    const open = gate({ input: either, predicate: (x) => x > 0 }, { id: 'open' });
    const closed = gate({ input: either, predicate: (x) => x < 0 }, { id: 'closed' });
    increment({ x: closed }, { id: 'below-closed' });
    return { end: firstOk({ of: [closed, open] }, { id: 'end' }) };
  });
}

function incrementing(name: string): Tapestry<{ x: number }, { x: number }> {
  return tapestry(name, { parameters: { x: z.number() } }, (_t, { x }) => ({
    x: increment({ x }, { id: 'more' }),
  }));
}

/** A map over so many elements, of which every seventh fails. */
function ofMap(
  name: string,
  elements: number,
  dispatcher: Dispatcher,
  size: { readonly batch?: number; readonly concurrency?: number } = {},
): Tapestry {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const list = listFrom({ x, length: elements }, { id: 'list' });
    const each = ({ element }: { element: number }): number => {
      if (element % 7 === 0) throw new Error(`no luck with ${element}`);
      return element;
    };
    return { mapped: map({ over: list, each, ...size, onError: 'skip' }, { id: 'mapped' }) };
  });
}

function single(name: string): Tapestry {
  return tapestry(name, (t) => ({ x: increment({ x: t.parameter('x', z.number()) }, { id: 'k' }) }));
}

/** As many knots as make the plan one with child runs, where that is {@link CHILD_RUNS_SOON}; none of them runs. */
function skippedBehind(failed: Knot<number>): void {
  for (let index = 0; index < 10; index++) increment({ x: failed }, { id: `skipped-${index}` });
}
