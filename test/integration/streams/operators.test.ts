import { z } from 'zod';
import { knot, tapestry, type AnySource } from '../../../src';
import type { Selvage } from '../../../src/client';
import type { Backends } from '../../../src/ports';
import { runStream, type StreamEnd } from '../../../src/serve';
import { Latch } from '../../support/latch';
import { closeAll, connectSelvage, onClose, temporaryBackends, unique } from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { until } from '../../support/until';
import { streamPlace } from '../../support/stream-place';

const keep = knot('keep', ({ x }: { x: number }) => x);
const keeping = tapestry('keeping-on', (t) => ({
  kept: keep({ x: t.parameter('x', z.number()) }, { id: 'kept' }),
}));

afterEach(closeAll);

/** Values that come when a test gives them, which every reader gets from where it goes on. */
class Given {
  readonly #values: number[] = [];
  #came = new Latch();
  readonly source: AnySource<number>;

  constructor() {
    const values = this.#values;
    const came = (): Promise<void> => this.#came.passed;
    this.source = async function* (after: number | undefined, { signal }: { signal: AbortSignal }) {
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      for (let place = after ?? 0; !signal.aborted;) {
        if (place < values.length) yield { value: values[place]!, offset: ++place };
        else await Promise.race([came(), aborted]);
      }
    };
  }

  give(...values: number[]): void {
    this.#values.push(...values);
    this.#came.open();
    this.#came = new Latch();
  }
}

interface Scene {
  readonly id: string;
  readonly given: Given;
  readonly selvage: Selvage;
  readonly results: number[];
  /** A process that reads, or stands by. */
  read(onResult?: (x: number) => unknown): { readonly ended: Promise<StreamEnd>; stop(): void };
}

async function scene(): Promise<Scene> {
  const backends: Backends = await temporaryBackends();
  const given = new Given();
  const id = unique('operated');
  const results: number[] = [];
  return {
    id,
    given,
    results,
    selvage: await connectSelvage({ backends }),
    read(onResult) {
      const stopping = new AbortController();
      const ended = runStream(given.source, keeping, {
        id,
        parameter: 'x',
        ...streamPlace(backends),
        signal: stopping.signal,
        onResult: async (_, { value }) => {
          await onResult?.(value);
          results.push(value);
        },
      });
      onClose(async () => {
        stopping.abort();
        await ended.catch(() => undefined);
      });
      return { ended, stop: () => stopping.abort() };
    },
  };
}

test('a stream that is paused reads nothing until it is resumed; drained, it ends and goes on from there', async () => {
  const { id, given, selvage, results, read } = await scene();
  const first = read();
  given.give(1, 2);
  await until('two are done', () => results.length === 2);
  await selvage.streams.pause(id);
  const state = async (): Promise<string> => (await selvage.streams.status(id)).state;
  await until('the stream has heard of it', async () => (await state()) === 'paused');
  await until('nobody reads', async () => (await selvage.streams.status(id)).readBy === undefined);
  expect(await selvage.streams.status(id)).toMatchObject({ ok: 2, checkpoint: { '': { after: 2 } } });
  given.give(3);
  await selvage.streams.resume(id);
  await until('the third is done', () => results.length === 3);
  await until('it is read', async () => (await state()) === 'reading');
  await selvage.streams.drain(id);
  expect(await first.ended).toEqual({ reason: 'drained', ok: 3, failed: 0 });
  expect(await state()).toBe('ended');
  expect(await rejectionOf(selvage.streams.pause(id))).toMatchObject({
    code: 'UnknownStream',
    message: expect.stringContaining('is over (ended)') as unknown,
  });
  given.give(4);
  const second = read();
  await until('the fourth is done', () => results.length === 4);
  second.stop();
  expect(await second.ended).toEqual({ reason: 'stopped', ok: 4, failed: 0 });
  expect(results.sort()).toEqual([1, 2, 3, 4]);
});

test('what was read is finished before a pause, and before a drain, is over', async () => {
  const { id, given, selvage, results, read } = await scene();
  const [began, go] = [new Latch(), new Latch()];
  const { ended } = read(async () => {
    began.open();
    await go.passed;
  });
  onClose(async () => go.open());
  given.give(1);
  await began.passed;
  await selvage.streams.drain(id);
  await until(
    'the stream has heard of it',
    async () => (await selvage.streams.status(id)).state === 'draining',
  );
  expect(results).toEqual([]);
  go.open();
  expect(await ended).toEqual({ reason: 'drained', ok: 1, failed: 0 });
  expect(results).toEqual([1]);
});

test('who stands by reads on when the one that reads stops, and says who reads', async () => {
  const { id, given, selvage, results, read } = await scene();
  const first = read();
  given.give(1);
  await until('the first is done', () => results.length === 1);
  read();
  first.stop();
  expect(await first.ended).toEqual({ reason: 'stopped', ok: 1, failed: 0 });
  given.give(2, 3);
  await until('the others are done', () => results.length === 3);
  expect(results.sort()).toEqual([1, 2, 3]);
  const state = await until('its checkpoint is known', async () => {
    const known = await selvage.streams.status(id);
    return known.ok === 3 && known;
  });
  expect(state).toMatchObject({ state: 'reading', source: 'custom', tapestry: 'keeping-on', failed: 0 });
});

test('a stream that the server does not know is refused by name', async () => {
  const { selvage } = await scene();
  const error = await rejectionOf(selvage.streams.status('none-such'));
  expect(error).toMatchObject({ code: 'UnknownStream', details: { stream: 'none-such' } });
});

test('a stream whose source fails just then is paused, resumed and drained as any other, and keeps its place', async () => {
  const id = unique('failing');
  const backends = await temporaryBackends();
  const selvage = await connectSelvage({ backends });
  const results: number[] = [];
  const places: unknown[] = [];
  const source: AnySource<number> = async function* (after: number | undefined) {
    places.push(after);
    if (after === undefined) {
      for (const value of [1, 2]) yield { value, offset: value };
      await until('both are done', () => results.length === 2);
    }
    throw new Error('the source is away');
  };
  const stopping = new AbortController();
  const ended = runStream(source, keeping, {
    id,
    parameter: 'x',
    ...streamPlace(backends),
    signal: stopping.signal,
    onResult: (_, { value }) => void results.push(value),
  });
  onClose(async () => {
    stopping.abort();
    await ended.catch(() => undefined);
  });
  await until('it has failed twice', () => places.length > 2);
  await selvage.streams.pause(id);
  await until('it is not begun again', async () => {
    const { state, problem } = await selvage.streams.status(id);
    return state === 'failed' || (state === 'paused' && problem === undefined);
  });
  const before = places.length;
  await selvage.streams.resume(id);
  await until('it is begun again', () => places.length > before);
  await selvage.streams.drain(id);
  expect(await ended).toEqual({ reason: 'drained', ok: 2, failed: 0 });
  expect([...new Set(places)]).toEqual([undefined, 2]);
  expect(results.sort()).toEqual([1, 2]);
});
