import { existsSync, writeSync } from 'node:fs';
import {
  Retryable,
  Terminal,
  isErr,
  isOk,
  isSkipped,
  knot,
  tapestry,
  type Fragment,
  type Outcome,
  type StoredBytes,
} from '../../../src';

/* The bodies of the suite of body hosts, for body threads. */

class SuiteFailure extends Error {
  override readonly name = 'SuiteFailure';
}

class SuiteCause extends Error {
  override readonly name = 'SuiteCause';
}

function* source(parts: number, size: number, fails: boolean): Generator<Uint8Array> {
  for (let part = 0; part < parts; part++) yield new Uint8Array(size).fill(part);
  if (fails) throw new Error('the source is gone');
}

const definitions = [
  knot('suite:echo', ({ value }: { value: unknown }) => value),
  knot('suite:no-value', (): unknown => ({ list: [1, () => 2] })),
  knot('suite:context', (_: object, { runId, knotId, attempt, idempotencyKey }) => ({
    runId,
    knotId,
    attempt,
    idempotencyKey,
  })),
  knot('suite:fail', ({ message }: { message: string }): null => {
    throw new SuiteFailure(message, { cause: new SuiteCause('because') });
  }),
  knot('suite:terminal', ({ message }: { message: string }): null => {
    throw new Terminal(message);
  }),
  knot('suite:retry-after', ({ message, milliseconds }: { message: string; milliseconds: number }): null => {
    throw new Retryable(message, { after: milliseconds });
  }),
  knot('suite:log', (_: object, { logger }) => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const)
      logger[level]({ level, n: 1 }, `at ${level}`);
    return null;
  }),
  knot('suite:heartbeat', ({ details }: { details: unknown }, ctx): unknown => {
    ctx.heartbeat(details);
    return ctx.lastHeartbeat;
  }),
  knot('suite:extend', ({ fragment }: { fragment: Fragment }, ctx) => {
    ctx.extend(fragment);
    return null;
  }),
  knot('suite:wait', async (_: object, { logger, signal }) => {
    logger.info('waiting');
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return 'ended';
  }),
  knot('suite:block', ({ path }: { path: string }, { logger }) => {
    logger.info('blocking');
    while (!existsSync(path));
    return 'free';
  }),
  knot('suite:print', ({ text }: { text: string }) => {
    for (const fd of [1, 2]) writeSync(fd, `${text}\n`);
    return null;
  }),
  knot('suite:exit', (): null => process.exit(3)),
  knot(
    'suite:store',
    (
      { parts, size, mediaType, fails }: { parts: number; size: number; mediaType?: string; fails?: boolean },
      ctx,
    ) =>
      ctx.store(source(parts, size, fails ?? false) as never, mediaType === undefined ? {} : { mediaType }),
  ),
  knot('suite:open', async ({ stored }: { stored: StoredBytes }, ctx) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await ctx.open(stored)) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  }),
];

interface Received {
  good: Outcome<unknown>;
  bad: Outcome<unknown>;
  left: Outcome<unknown>;
}

const outcomes = knot(
  'suite:outcomes',
  { receives: 'outcomes' },
  ({ good, bad, left }: Received): unknown => ({
    good: isOk(good) && good.value,
    bad: isErr(bad) && bad.error.message,
    left: isSkipped(left) && left.reason,
  }),
);

export const suite = tapestry('suite', { extensible: { definitions: [...definitions, outcomes] } }, () => {});
