import { z } from 'zod';
import { fragment, knot, tapestry } from '../../src';
import { combineBackends, createInMemoryBackends, openBackends } from '../../src/backends';
import type { Backends, Offer } from '../../src/protocols';
import { Latch } from '../support/latch';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  temporaryBackends,
  temporaryFolder,
  unique,
} from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { describeWith, valkeyService } from '../support/services';
import { until } from '../support/until';

afterEach(closeAll);

const gates = new Map<string, Latch>();
const double = knot('double', ({ x }: { x: number }) => x * 2);
const hold = knot('hold', async ({ at }: { at: string }) => {
  await gates.get(at)!.passed;
  return at;
});
const held = tapestry('offered', { extensible: { definitions: [double] } }, (t) => {
  hold({ at: t.parameter('at', z.string()) }, { id: 'h' });
});

const more = (id: string, x = 1) => fragment(() => void double({ x }, { id }));

/** Plans, offers and values on the server, the rest in a file. */
async function valkeyBackends(): Promise<Backends> {
  const url = `${await valkeyService()}?prefix=${unique('test')}`;
  const projectDir = await temporaryFolder();
  const backends = await openBackends({ store: url, data: url, projectDir, environment: {} });
  onClose(() => backends.close());
  return backends;
}

const BACKENDS: Record<string, () => Promise<Backends>> = {
  'in memory': () => Promise.resolve(createInMemoryBackends()),
  SQLite: temporaryBackends,
};

function offersArrive(make: () => Promise<Backends>): void {
  test('whoever has the store offers a run more knots, and a follower gives them to it', async () => {
    const backends = await make();
    const selvage = await openSelvage({ tapestries: [held], backends });
    // Has the store, and need not reach the server.
    const offering = await connectSelvage({ backends });
    const runId = unique('offered');
    gates.set(runId, new Latch());
    await offering.offer(runId, more('before', 1));
    const run = await selvage.start(held, { at: runId }, { runId });
    const taken: Offer[] = [];
    const refused: string[] = [];
    const followed = selvage.followExtensions(runId, {
      onTaken: (offer) => taken.push(offer),
      onRefused: (_offer, error) => refused.push(error.code),
    });
    await until('the first is taken', () => taken.length === 1);
    await offering.offer(runId, more('h', 2));
    await offering.offer(
      runId,
      fragment((f) => void double({ x: f.ref('before') }, { id: 'after' })),
    );
    await until('the last is taken', () => taken.length === 2);
    expect(refused).toEqual(['DuplicateId']);
    // Offered again, and followed by another one from the beginning: nothing is added twice.
    await offering.offer(runId, more('before', 1));
    const stop = new AbortController();
    const again: number[] = [];
    const second = selvage.followExtensions(runId, {
      signal: stop.signal,
      onTaken: ({ number }) => again.push(number),
    });
    await until('both have passed all on', () => again.length === 3 && taken.length === 3);
    stop.abort();
    expect((await second).refused).toHaveLength(1);
    gates.get(runId)!.open();
    const { outputs } = await run.result();
    expect(outputs).toEqual({ 'param:at': runId, h: runId, before: 2, after: 4 });
    const end = await followed;
    expect([end.taken.length, end.refused.length]).toEqual([3, 1]);
  });

  test('what is offered when it is too late is told', async () => {
    const backends = await make();
    const selvage = await openSelvage({ tapestries: [held], backends });
    const runId = unique('offered');
    gates.set(runId, new Latch());
    const run = await selvage.start(held, { at: runId }, { runId });
    gates.get(runId)!.open();
    await run.result();
    await selvage.offer(runId, more('late'));
    const { taken, refused } = await selvage.followExtensions(runId);
    expect(taken).toEqual([]);
    expect(refused.map(({ error }) => error.code)).toEqual(['RunOver']);
  });
}

describe.each(Object.entries(BACKENDS))('through a store %s', (_, make) => offersArrive(make));
describeWith('valkey')('through a store on Valkey', () => offersArrive(valkeyBackends));

test('a malformed fragment is refused where it is offered, and a store that takes no offers says so', async () => {
  const backends = createInMemoryBackends();
  const selvage = await connectSelvage({ backends });
  const refusal = await rejectionOf(selvage.offer('run', { knots: [] } as never));
  expect(refusal.code).toBe('InvalidFragment');
  const { technology, identity, save, get, list, close } = backends.tapestryStore;
  const plain = combineBackends({
    ...backends,
    tapestryStore: { technology, identity, save, get, list, close },
  });
  const other = await connectSelvage({ backends: plain });
  expect((await rejectionOf(other.offer('run', more('e')))).code).toBe('NotSubscribable');
  expect((await rejectionOf(other.followExtensions('run'))).message).toMatch(/takes no offers.*SQLite/);
});
