import { appendFileSync, readFileSync } from 'node:fs';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  aggregate,
  gate,
  knot,
  local,
  map,
  queue,
  tapestry,
  threads,
  type Dispatcher,
  type Outcome,
} from '../../src';
import type { ThreadData } from '../../src/body-hosts';

/* Loaded by the tests of body threads in their threads. */

const host = threads({ module: __filename, maxWorkers: 2 });

/** Records the call of a body in a file. */
const note = (file: string, what: string): void => appendFileSync(file, `${what}\n`);

/** The recorded calls. */
export const notes = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

const list = knot('list', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index));
const square = knot('square', ({ x }: { x: number }) => x * x);
const where = knot('where', (_: object) => threadId);
const isEven = knot('is-even', ({ x }: { x: number }) => x % 2 === 0);
const bytes = knot('bytes', ({ size }: { size: number }) => new Uint8Array(size).fill(7));
const measure = knot('measure', ({ data }: { data: Uint8Array }) => data.byteLength);
const throws = knot('throws', (_: object): number => {
  throw new TypeError('no luck', { cause: new RangeError('too far') });
});
const received = knot('received', { receives: 'outcomes' }, ({ it }: { it: Outcome<number> }) => it.kind);

function build(dispatcher: Dispatcher, suffix: string) {
  return tapestry(`thread-${suffix}`, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    const squares = map({ over: list({ n }, { id: 'list' }), each: square, bind: 'x' }, { id: 'squares' });
    const total = aggregate(
      { inputs: { squares }, combine: ({ squares: all }) => all.reduce((sum, one) => sum + one, 0) },
      { id: 'total' },
    );
    const failed = throws({}, { id: 'failed' });
    return {
      total,
      thread: where({}, { id: 'where' }),
      even: isEven({ x: total }, { id: 'even' }),
      open: gate({ input: total, predicate: (sum) => sum > 1_000_000 }, { id: 'open' }),
      size: measure({ data: bytes({ size: 3_000_000 }, { id: 'bytes' }) }, { id: 'size' }),
      failed,
      received: received({ it: failed }, { id: 'received' }),
    };
  });
}

/** Every kind of body, in threads, as activities and in segments. */
export const queued = build(queue(undefined, { host }), 'queued');
export const inSegments = build(local({ host }), 'in-segments');
/** The same bodies in this process. */
export const here = build(queue(), 'here');

const exits = knot('exits', ({ file, until }: { file: string; until: number; first: number }) => {
  note(file, 'exits');
  if (notes(file).filter((line) => line === 'exits').length <= until) process.exit(3);
  return 'survived';
});
const beside = knot('beside', ({ file }: { file: string }) => {
  note(file, 'beside');
  return 1;
});
/** A body that ends its thread `until` times, beside one that does not. */
const exitsIn = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => {
    const file = t.parameter('file', z.string());
    const until = t.parameter('until', z.number());
    const first = beside({ file }, { id: 'beside' });
    return { exits: exits({ file, until, first }, { id: 'exits' }), first };
  });
export const exiting = exitsIn('thread-exits', host);
export const exitingInSegments = exitsIn('thread-exits-in-segments', local({ host }));

const blocks = knot('blocks', ({ file }: { file: string }): number => {
  note(file, 'blocks');
  for (;;);
});
const waits = knot('waits', async ({ file }: { file: string }, { signal }): Promise<string> => {
  note(file, 'waits');
  await delay(600_000, undefined, { signal }).catch(() => undefined);
  note(file, `told`);
  return String(signal.aborted);
});
export const blocking = tapestry('thread-blocks', { knots: { dispatcher: host } }, (t) => {
  const file = t.parameter('file', z.string());
  return { blocked: blocks({ file }, { id: 'blocked', timeout: 200, cancelGrace: 0 }) };
});
export const waiting = tapestry('thread-waits', { knots: { dispatcher: host } }, (t) => ({
  waited: waits({ file: t.parameter('file', z.string()) }, { id: 'waited' }),
}));

const breaks = knot('breaks', async ({ file }: { file: string }): Promise<number> => {
  note(file, `breaks ${threadId}`);
  (workerData as ThreadData).port.postMessage({ header: '{"type":"nonsense"}', attachments: [] });
  for (;;) {
    await delay(20);
    note(file, `goes on ${threadId}`);
  }
});
/** A body that sends a message unknown to the protocol, and goes on. */
export const breaking = tapestry(
  'thread-breaks',
  { knots: { dispatcher: threads({ name: 'breaking', module: __filename, maxWorkers: 1 }) } },
  (t) => {
    const file = t.parameter('file', z.string());
    const broken = breaks({ file }, { id: 'broken' });
    return { broken, after: square({ x: 3 }, { id: 'after' }) };
  },
);
const posts = knot('posts', (_: object) => {
  parentPort!.postMessage('for whoever listens');
  return 1;
});
/** A body that posts to the parent of its thread, as libraries may do. */
export const posting = tapestry('thread-posts', { knots: { dispatcher: host } }, () => ({
  posted: posts({}, { id: 'posted' }),
}));

const holds = knot('holds', async ({ file }: { file: string }) => {
  note(file, 'holds');
  while (!notes(file).includes('go on')) await delay(20);
  return 1;
});
/** The quick body must wait for the only thread, longer than its own timeout. */
export const QUEUED_TIMEOUT_MS = 1_500;
export const crowded = tapestry(
  'thread-crowded',
  { knots: { dispatcher: threads({ name: 'only', module: __filename, maxWorkers: 1 }) } },
  (t) => {
    const file = t.parameter('file', z.string());
    return {
      held: holds({ file }, { id: 'held' }),
      quick: beside({ file }, { id: 'quick', timeout: QUEUED_TIMEOUT_MS }),
    };
  },
);

const grows = knot('grows', (_: object): number => {
  const all: string[] = [];
  for (;;) all.push('x'.repeat(10_000) + all.length);
});
export const growing = tapestry(
  'thread-grows',
  { knots: { dispatcher: threads({ name: 'small', module: __filename, maxWorkers: 1, memoryLimit: 32 }) } },
  () => ({ grown: grows({}, { id: 'grown' }) }),
);

const talks = knot('talks', async (_: object, ctx) => {
  ctx.logger.info('said', { a: 1 });
  ctx.heartbeat({ at: 5 });
  const stored = await ctx.store(
    (async function* () {
      for (let part = 0; part < 3; part += 1) yield new Uint8Array(1_500_000).fill(part);
    })(),
    { mediaType: 'text/plain' },
  );
  let read = 0;
  for await (const piece of await ctx.open(stored)) read += piece.byteLength;
  return { read, stored, attempt: ctx.attempt, knotId: ctx.knotId, key: ctx.idempotencyKey };
});
const extendsNothing = knot('extends', (_: object, ctx): number => {
  ctx.extend({ format: 1, knots: [] });
  return 1;
});
export const talking = tapestry('thread-talks', { knots: { dispatcher: host } }, () => ({
  said: talks({}, { id: 'said' }),
  extended: extendsNothing({}, { id: 'extended' }),
}));
