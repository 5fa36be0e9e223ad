import { emitter, knot, runLocally, tapestry, type LiveEvent } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { createInMemoryBackends } from '../../../src/backends';
import { Deliveries } from '../../../src/deliveries';
import { batchTapestry } from '../../../src/streams';
import { Latch } from '../../support/latch';

const open: Deliveries[] = [];
const warned: string[] = [];
const logger = {
  debug: () => {},
  info: () => {},
  warn: (_: object, message: string) => void warned.push(message),
  error: () => {},
};

afterEach(async () => {
  warned.length = 0;
  await Promise.all(open.splice(0).map((deliveries) => deliveries.stop()));
});

type Live = (event: LiveEvent, dropped: number) => Promise<void> | void;

async function listen(live: Live, tapestries?: readonly string[]): Promise<Deliveries> {
  const deliveries = await Deliveries.start({
    backends: createInMemoryBackends(),
    emitters: [
      emitter(
        'watcher',
        { deliver: async () => {}, live: (event, { dropped }) => live(event, dropped) },
        tapestries && { filter: { tapestries } },
      ),
    ],
    logger,
    projectDir: '.',
  });
  open.push(deliveries);
  return deliveries;
}

test('an emitter hears that a body begins, and how far it is, while it runs', async () => {
  const heard: LiveEvent[] = [];
  const isHeard = new Latch();
  await listen(
    (event) => {
      heard.push(event);
      if (event.type === 'knot-progress') isHeard.open();
    },
    ['live'],
  );
  const work = knot('work', async (_: object, ctx) => {
    ctx.heartbeat({ done: 1 });
    await isHeard.passed;
    return 1;
  });
  await runLocally(
    tapestry('unheard', () => ({ end: knot('other', () => 1)({}, { id: 'end' }) })),
    {},
  );
  const { succeeded, runId } = await runLocally(
    tapestry('live', () => ({ end: work({}, { id: 'end' }) })),
    {},
  );
  expect(succeeded).toBe(true);
  const common = { runId, tapestry: 'live', knotId: 'end', attempt: 1 };
  expect(heard).toEqual([
    expect.objectContaining({ type: 'knot-started', ...common }),
    expect.objectContaining({ type: 'knot-progress', ...common, details: { done: 1 } }),
  ]);
});

test('one that hears of a tapestry hears of the batches of its streams', async () => {
  const heard: string[] = [];
  const isHeard = new Latch();
  await listen(
    ({ tapestry: name, knotId }) => {
      heard.push(`${name} ${knotId}`);
      isHeard.open();
    },
    ['batched'],
  );
  const batched = tapestry('batched', () => ({ end: knot('one', () => 1)({}, { id: 'end' }) }));
  await runLocally(batchTapestry(recordOf(batched), 1), {});
  await isHeard.passed;
  expect(heard).toEqual(['batched.batch-1 e0.end']);
});

test('what an emitter has no time for is dropped and counted, and no body waits', async () => {
  let heard = 0;
  const [isFree, isHeard] = [new Latch(), new Latch<number>()];
  await listen(async (_, dropped) => {
    heard += 1;
    await isFree.passed;
    // The start, and each heartbeat.
    if (heard + dropped === 1_501) isHeard.open(dropped);
  });
  const busy = knot('busy', (_: object, ctx) => {
    for (let done = 0; done < 1_500; done += 1) ctx.heartbeat(done);
    return 1;
  });
  const { succeeded } = await runLocally(
    tapestry('busy', () => ({ end: busy({}, { id: 'end' }) })),
    {},
  );
  expect(succeeded).toBe(true);
  isFree.open();
  expect(await isHeard.passed).toBeGreaterThanOrEqual(500);
});

test('an emitter that throws loses the event and nothing else, and it is logged', async () => {
  const heard: string[] = [];
  const isHeard = new Latch();
  await listen(({ knotId }) => {
    heard.push(knotId);
    if (knotId === 'second') isHeard.open();
    throw new Error('no');
  });
  const one = knot('one', ({ after }: { after?: number }) => (after ?? 0) + 1);
  const { succeeded } = await runLocally(
    tapestry('thrown', () => ({ end: one({ after: one({}, { id: 'first' }) }, { id: 'second' }) })),
    {},
  );
  expect(succeeded).toBe(true);
  await isHeard.passed;
  expect(heard).toEqual(['first', 'second']);
  expect(warned).toEqual(['a live event was not heard']);
});

test('nothing is told after the deliveries have stopped', async () => {
  const heard: LiveEvent[] = [];
  const deliveries = await listen((event) => void heard.push(event));
  await deliveries.stop();
  await runLocally(
    tapestry('later', () => ({ end: knot('late', () => 1)({}, { id: 'end' }) })),
    {},
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
});
