import { knot, runLocally, tapestry } from '../../../src';

test('bodies that nothing stops have a signal each, so that all may listen', async () => {
  const signals: AbortSignal[] = [];
  const listens = knot('listens', (_: object, ctx) => {
    expect(ctx.signal).toBe(ctx.signal);
    signals.push(ctx.signal);
  });
  const all = tapestry('all', () => {
    for (const id of ['one', 'two', 'three']) listens({}, { id });
  });
  expect((await runLocally(all, {})).succeeded).toBe(true);
  expect(new Set(signals).size).toBe(3);
});

test('functions may be taken out of the context', async () => {
  const stores = knot('stores', async (_: object, { attempt, store, open, heartbeat, lastHeartbeat }) => {
    if (attempt === 1) {
      heartbeat({ at: 5 });
      throw new Error('once more');
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of await open(await store(Buffer.from('kept')))) pieces.push(piece);
    return [lastHeartbeat, Buffer.concat(pieces).toString()];
  });
  const kept = tapestry('kept', () => ({
    kept: stores({}, { id: 'stores', retry: { maximumAttempts: 2, initialInterval: 1 } }),
  }));
  expect((await runLocally(kept, {})).values).toEqual({ kept: [{ at: 5 }, 'kept'] });
});
