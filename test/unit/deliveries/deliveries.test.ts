import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  emitter,
  knot,
  Retryable,
  runLocally,
  tapestry,
  Terminal,
  webhookEmitter,
  type Delivery,
  type EmitterOptions,
  type RunEvent,
} from '../../../src';
import { recordOf } from '../../../src/authoring';
import { createInMemoryBackends } from '../../../src/backends';
import { Deliveries, gatherEmitters, readEmitters } from '../../../src/deliveries';
import type { Backends, EmitterState } from '../../../src/ports';
import { batchTapestry } from '../../../src/streams';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { Latch } from '../../support/latch';
import { until } from '../../support/until';
import { withMethods } from '../../support/with-methods';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const open: Deliveries[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((deliveries) => deliveries.stop()));
});

type Deliver = Parameters<typeof emitter>[1];

async function deliver(
  backends: Backends,
  to: Deliver,
  options: Omit<EmitterOptions, 'name'> = {},
  leaseTtl?: number,
): Promise<Deliveries> {
  const deliveries = await Deliveries.start({
    backends,
    emitters: [emitter('own', to, options)],
    logger: quiet,
    projectDir: '.',
    ...(leaseTtl !== undefined && { leaseTtl }),
  });
  open.push(deliveries);
  return deliveries;
}

async function run(
  { runHistory }: Backends,
  id: string,
  knots: readonly string[] = ['a', 'b'],
): Promise<void> {
  const of = { run_id: id, temporal_run_id: `t-${id}` };
  await runHistory.startRun(sampleRun(of));
  for (const knot_id of knots) await runHistory.commit([sampleLineage({ ...of, knot_id })]);
  await runHistory.endRun(of.temporal_run_id, { status: 'succeeded', finished_at: 9, details: {} });
}

const eventsOf = (id: string, knots: readonly string[] = ['a', 'b']): string[] => [
  `t-${id}/started`,
  ...knots.map((knot) => `t-${id}/${knot}/finished`),
  `t-${id}/ended/succeeded`,
];

async function stateOf({ runHistory }: Backends): Promise<EmitterState> {
  const [state] = await runHistory.emitterTableBeside!().list();
  return state!;
}

const idsOf = (events: readonly RunEvent[]): string[] => events.map(({ id }) => id);

test('an emitter hears what becomes durable from now on, in order, with records', async () => {
  const backends = createInMemoryBackends();
  await run(backends, 'before');
  const events: RunEvent[] = [];
  const deliveries = await deliver(backends, async (batch) => void events.push(...batch));
  await run(backends, 'r1');
  expect(await deliveries.drained(60_000)).toEqual([]);
  expect(idsOf(events)).toEqual(eventsOf('r1'));
  expect(events[1]).toMatchObject({ type: 'knot-finished', record: { knot_id: 'a' }, run: { run_id: 'r1' } });
  expect(events[3]).toMatchObject({ type: 'run-ended', run: { status: 'succeeded' } });
  expect(await stateOf(backends)).toMatchObject({ delivered: 4, failures: 0 });
});

test('the next process goes on where the last one ended, and an emitter may begin with the oldest', async () => {
  const backends = createInMemoryBackends();
  await run(backends, 'r1');
  const heard: string[] = [];
  const to: Deliver = async (batch) => void heard.push(...idsOf(batch));
  const first = await deliver(backends, to, { from: 'beginning' });
  await first.drained(60_000);
  await first.stop();
  await run(backends, 'r2');
  const second = await deliver(backends, to);
  await second.drained(60_000);
  expect(heard).toEqual([...eventsOf('r1'), ...eventsOf('r2')]);
});

test('what a process could not deliver when it stops, the next one delivers', async () => {
  const backends = createInMemoryBackends();
  const hasFailed = new Latch();
  const first = await deliver(backends, async () => {
    hasFailed.open();
    throw new Error('not now');
  });
  await run(backends, 'r1');
  await hasFailed.passed;
  await first.stop();
  const heard: string[] = [];
  const second = await deliver(backends, async (batch) => void heard.push(...idsOf(batch)));
  expect(await second.drained(60_000)).toEqual([]);
  expect(heard).toEqual(eventsOf('r1'));
});

test('a failed batch comes again, and what failed last is on record', async () => {
  const backends = createInMemoryBackends();
  const attempts: number[] = [];
  const failed = new Latch();
  const deliveries = await deliver(backends, async (_batch, { attempt }) => {
    attempts.push(attempt);
    if (attempt > 0) return;
    failed.open();
    throw new Error('the receiver says no');
  });
  await run(backends, 'r1', []);
  await failed.passed;
  await until('it is on record', async () => (await stateOf(backends)).lastError === 'the receiver says no');
  await until('it is on record', async () => (await deliveries.drained(60_000)).length === 0);
  expect(attempts.slice(0, 2)).toEqual([0, 1]);
  expect(await stateOf(backends)).toMatchObject({ delivered: 2, failures: 0, lastError: null });
});

test('rejected events, and those for which it throws Terminal alone, become dead letters, which can be delivered again', async () => {
  const backends = createInMemoryBackends();
  const table = backends.runHistory.emitterTableBeside!();
  const heard = new Set<string>();
  let isMended = false;
  const deliveries = await deliver(backends, async (batch): Promise<Delivery> => {
    if (!isMended && batch.some(({ id }) => id.includes('/b/'))) throw new Terminal('b is too large');
    for (const { id } of batch) if (isMended || !id.includes('/a/')) heard.add(id);
    return isMended
      ? {}
      : { rejected: batch.filter(({ id }) => id.includes('/a/')).map(({ id }) => ({ id, reason: 'no a' })) };
  });
  await run(backends, 'r1', ['a', 'b', 'c', 'd']);
  await deliveries.drained(60_000);
  expect([...heard].sort()).toEqual(eventsOf('r1', ['c', 'd']).sort());
  const { items } = await table.deadLetters('own');
  expect(items.map(({ eventId, reason }) => [eventId, reason]).sort()).toEqual([
    ['t-r1/a/finished', 'no a'],
    ['t-r1/b/finished', 'b is too large'],
  ]);
  isMended = true;
  await table.redrive('own');
  await until('it is on record', async () => (await stateOf(backends)).deadLetters === 0);
  expect(heard.size).toBe(6);
});

test('what was removed since is not waited for', async () => {
  const backends = createInMemoryBackends();
  const deliveries = await deliver(backends, async () => {});
  await run(backends, 'r1');
  await run(backends, 'r2');
  expect(await deliveries.drained(60_000)).toEqual([]);
  await backends.runHistory.deleteRun('t-r2');
  expect(await deliveries.drained(60_000)).toEqual([]);
});

test('one that fails has heard of all, too, when what it failed at was removed', async () => {
  const backends = createInMemoryBackends();
  const deliveries = await deliver(backends, () => Promise.reject(new Error('away')));
  await run(backends, 'r1');
  await until('it has failed', async () => (await stateOf(backends)).failures > 0);
  expect(await deliveries.drained(60_000)).toEqual(['own']);
  await backends.runHistory.deleteRun('t-r1');
  expect(await deliveries.drained(60_000)).toEqual([]);
});

test('a filter leaves out what is not wanted, and the cursor goes on', async () => {
  const backends = createInMemoryBackends();
  const heard: string[] = [];
  const filter = { types: ['run-ended'], statuses: ['failed'] } as const;
  const deliveries = await deliver(backends, async (batch) => void heard.push(...idsOf(batch)), { filter });
  await run(backends, 'r1');
  expect(await deliveries.drained(60_000)).toEqual([]);
  await until(
    'it is on record',
    async () => (await stateOf(backends)).position === (await backends.runHistory.lastChange!()),
  );
  expect(heard).toEqual([]);
});

test('one that hangs is abandoned, stops in time, and keeps nobody else', async () => {
  const backends = createInMemoryBackends();
  const heard: string[] = [];
  const begun = new Latch();
  const deliveries = await Deliveries.start({
    backends,
    emitters: [
      emitter('hangs', () => (begun.open(), new Promise<never>(() => {})), { timeout: 30 }),
      emitter('works', async (batch) => void heard.push(...idsOf(batch))),
    ],
    logger: quiet,
    projectDir: '.',
  });
  open.push(deliveries);
  await run(backends, 'r1');
  await begun.passed;
  await until('it is heard', () => heard.length === 4);
  await until(
    'it is on record',
    async () => (await stateOf(backends)).lastError === 'It took longer than 30 ms.',
  );
  expect(await deliveries.drained(60_000)).toEqual(['hangs']);
  await deliveries.stop();
});

test('one of two processes delivers, and the other takes over', async () => {
  const backends = createInMemoryBackends();
  const heard: string[] = [];
  const to =
    (who: string): Deliver =>
    async (batch) =>
      void heard.push(...idsOf(batch).map((id) => `${who} ${id}`));
  const first = await deliver(backends, to('first'), {}, 300);
  await run(backends, 'r1', []);
  await first.drained(60_000);
  const second = await deliver(backends, to('second'), {}, 300);
  await run(backends, 'r2', []);
  await until('it is heard', () => heard.length === 4);
  await first.stop();
  await run(backends, 'r3', []);
  await second.drained(60_000);
  await until('it is heard', () => heard.length === 6);
  expect(heard).toEqual([
    ...eventsOf('r1', []).map((id) => `first ${id}`),
    ...eventsOf('r2', []).map((id) => `first ${id}`),
    ...eventsOf('r3', []).map((id) => `second ${id}`),
  ]);
});

test('one that fails for too long is disabled, with what it did not take, until it is resumed', async () => {
  const backends = createInMemoryBackends();
  const heard: string[] = [];
  let isGone = true;
  const deliveries = await deliver(backends, async (batch) => {
    if (isGone) return { disable: 'the endpoint is gone' };
    heard.push(...idsOf(batch));
    return {};
  });
  await run(backends, 'r1');
  await until(
    'it is on record',
    async () => (await stateOf(backends)).disabledBecause === 'the endpoint is gone',
  );
  isGone = false;
  await run(backends, 'r2');
  await backends.runHistory.emitterTableBeside!().resume('own');
  await until('it is on record', async () => (await deliveries.drained(1_000)).length === 0);
  expect(heard).toEqual([...eventsOf('r1'), ...eventsOf('r2')]);
});

test('disableAfter: nothing but failures for so long disables it, which a line says, until it is resumed', async () => {
  const backends = createInMemoryBackends();
  const told: string[] = [];
  let isMended = false;
  let attempts = 0;
  const heard: string[] = [];
  const deliveries = await Deliveries.start({
    backends,
    emitters: [
      emitter(
        'own',
        async (batch) => {
          attempts += 1;
          if (!isMended) throw new Retryable('not yet', { after: 5 });
          heard.push(...idsOf(batch));
        },
        { disableAfter: 20 },
      ),
    ],
    logger: { ...quiet, error: (_: object, message: string) => void told.push(message) },
    projectDir: '.',
  });
  open.push(deliveries);
  await run(backends, 'r1', []);
  await until('it is disabled', async () => (await stateOf(backends)).disabledAt !== null);
  const { disabledBecause, lastError, delivered } = await stateOf(backends);
  expect(disabledBecause).toMatch(/^it has failed since \d{4}-.*, and disableAfter is 20 ms$/);
  expect([lastError, delivered]).toEqual(['not yet', 0]);
  expect(told).toEqual([expect.stringContaining(`It is disabled: ${disabledBecause}`)]);
  expect(attempts).toBeGreaterThan(1);
  expect(await deliveries.drained(60_000)).toEqual(['own']);
  isMended = true;
  await backends.runHistory.emitterTableBeside!().resume('own');
  await until('it is delivered', () => heard.length === 2);
  expect(await stateOf(backends)).toMatchObject({ disabledAt: null, disabledBecause: null });
});

test('in a history that went back in time, it begins an hour before the last change that it knows, and says so', async () => {
  const backends = createInMemoryBackends();
  const { runHistory } = backends;
  const HOUR_MS = 3_600_000;
  const startOf = async (id: string, started_at: number): Promise<void> => {
    await runHistory.startRun(sampleRun({ run_id: id, temporal_run_id: `t-${id}`, started_at }));
  };
  const last = 1_700_000_000_000;
  for (const [id, at] of [
    ['old', last - HOUR_MS - 1],
    ['late', last - HOUR_MS],
    ['new', last - 1],
  ] as const)
    await startOf(id, at);
  const table = runHistory.emitterTableBeside!();
  // Positions of another history, which has more changes.
  await table.begin('own', { position: '999_999', positionAt: last });
  const told: string[] = [];
  const heard: string[] = [];
  const deliveries = await Deliveries.start({
    backends,
    emitters: [emitter('own', async (batch) => void heard.push(...idsOf(batch)))],
    logger: { ...quiet, error: (_: object, message: string) => void told.push(message) },
    projectDir: '.',
  });
  open.push(deliveries);
  await until('it goes on', () => heard.length === 2);
  expect(heard).toEqual(['t-late/started', 't-new/started']);
  expect(told).toEqual([expect.stringContaining(new Date(last - HOUR_MS).toISOString())]);
  expect((await stateOf(backends)).rewoundAt).not.toBeNull();
  await startOf('next', last);
  await until('it goes on', () => heard.length === 3);
});

test('in a history that went back in time, one that has delivered nothing yet begins an hour before it was made', async () => {
  const backends = createInMemoryBackends();
  const { runHistory } = backends;
  const table = runHistory.emitterTableBeside!();
  await table.begin('own', { position: '999_999', positionAt: null });
  const { createdAt } = await stateOf(backends);
  for (const [id, started_at] of [['old', createdAt - 3_600_001] as const, ['new', createdAt] as const])
    await runHistory.startRun(sampleRun({ run_id: id, temporal_run_id: `t-${id}`, started_at }));
  const heard: string[] = [];
  await deliver(backends, async (batch) => void heard.push(...idsOf(batch)));
  await until('it goes on', () => heard.length > 0);
  expect(heard).toEqual(['t-new/started']);
});

test('a history that answers slowly does not make an emitter look up to date', async () => {
  const backends = createInMemoryBackends();
  await run(backends, 'r1');
  await backends.runHistory.emitterTableBeside!().begin('own', { position: null, positionAt: null });
  const runHistory = withMethods(backends.runHistory, {
    async *changes(options) {
      await delay(400);
      yield* backends.runHistory.changes!(options);
    },
  });
  expect(await readEmitters({ ...backends, runHistory })).toMatchObject([{ lag: { changes: 4 } }]);
});

test('one who has lost the lease without knowing it moves no cursor, and goes on from what is on record', async () => {
  const backends = createInMemoryBackends();
  const table = backends.runHistory.emitterTableBeside!();
  const batches: string[][] = [];
  const taking = new Latch();
  const mayEnd = new Latch();
  const deliveries = await deliver(
    backends,
    async (batch) => {
      batches.push(idsOf(batch));
      taking.open();
      await mayEnd.passed;
    },
    { batchSize: 1 },
  );
  await run(backends, 'r1', []);
  await taking.passed;
  // Another process takes over, and is at the end before this one has its answer.
  const last = await backends.runHistory.lastChange!();
  const { version } = await table.begin('own', { position: null, positionAt: null });
  await table.advance('own', version, { position: last!, positionAt: 1, delivered: 2 });
  mayEnd.open();
  expect(await deliveries.drained(60_000)).toEqual([]);
  expect(batches).toEqual([['t-r1/started']]);
  expect(await stateOf(backends)).toMatchObject({ position: last, delivered: 2 });
});

test('two emitters with one name are refused', async () => {
  const backends = createInMemoryBackends();
  const emitters = [emitter('own', async () => {}), emitter('own', async () => {})];
  await expect(
    Deliveries.start({ backends, emitters, logger: quiet, projectDir: '.' }),
  ).rejects.toMatchObject({
    code: 'DuplicateEmitter',
  });
});

test('runLocally delivers its run in process: the start, then what is older than it, then its end', async () => {
  const one = knot('one', () => 1);
  const heard: RunEvent[] = [];
  const pipeline = tapestry('p', (t) => ({ end: one({}, { id: 'end', tapestry: t }) }));
  const to = emitter('own', async (batch) => void heard.push(...batch));
  const { runId } = await runLocally(pipeline, {}, { emitters: [to] });
  expect(heard.map(({ type }) => type)).toEqual(['run-started', 'knot-finished', 'run-ended']);
  expect(heard[1]).toMatchObject({ run: { run_id: runId, status: 'succeeded' }, record: { knot_id: 'end' } });
});

test('a run in process comes to what it comes to, also where nobody can tell what emitters have heard of it', async () => {
  const backends = createInMemoryBackends();
  const runHistory = withMethods(backends.runHistory, {
    lastChange: () => Promise.reject(new Error('out of reach')),
  });
  const pipeline = tapestry('p', (t) => ({ end: knot('one', () => 1)({}, { id: 'end', tapestry: t }) }));
  const emitters = [emitter('own', async () => {}, { from: 'beginning' })];
  const { values } = await runLocally(pipeline, {}, { backends: { ...backends, runHistory }, emitters });
  expect(values).toEqual({ end: 1 });
});

test('emitters of tapestries hear these alone, and one that is named twice hears both', () => {
  const own = emitter('own', async () => {});
  const one = knot('one', () => 1);
  const build = () => ({ end: one({}, { id: 'end' }) });
  const [a, b] = ['a', 'b'].map((name) => tapestry(name, { emitters: [own] }, build)) as [never, never];
  expect(gatherEmitters([a]).map(({ filter }) => filter)).toEqual([{ tapestries: ['a'] }]);
  expect(gatherEmitters([a, b]).map(({ filter }) => filter)).toEqual([{ tapestries: ['a', 'b'] }]);
  expect(gatherEmitters([a], [own]).map(({ filter }) => filter)).toEqual([{}]);
  expect(() => gatherEmitters([a], [emitter('own', async () => {})])).toThrow(/Two emitters/);
  expect(() => tapestry('c', { emitters: [{}] as never }, build)).toThrow(/must be a list of what emitter/);
});

test('lists of emitters may stand within lists, wherever emitters are given', async () => {
  const [a, b] = [emitter('a', async () => {}), emitter('b', async () => {})];
  const build = (): object => ({ end: knot('one', () => 1)({}, { id: 'end' }) });
  const hooks = webhookEmitter({ endpoints: { one: { url: 'https://example.com', secret: false } } });
  const nested = tapestry('nested', { emitters: [a, hooks] }, build as never);
  expect(gatherEmitters([nested as never], [[b]]).map(({ name }) => name)).toEqual(['b', 'a', 'webhook/one']);
  const emitters = [a, [b, emitter('a', async () => {})]];
  const starting = Deliveries.start({
    backends: createInMemoryBackends(),
    emitters,
    logger: quiet,
    projectDir: '.',
  });
  await expect(starting).rejects.toMatchObject({ code: 'DuplicateEmitter' });
});

test('an emitter of a tapestry hears of the batches of its streams, and of no other tapestry', async () => {
  const backends = createInMemoryBackends();
  const one = knot('one', ({ x }: { x: number }) => x);
  const build = (_: never, { x }: { x: never }) => ({ end: one({ x }, { id: 'end' }) });
  const parameters = { x: z.number() };
  const heard: string[] = [];
  const to = emitter('own', async (events) => void heard.push(...events.map(({ run }) => run.tapestry)));
  const written = tapestry('w'.repeat(190), { parameters, emitters: [to] }, build as never);
  const batch = batchTapestry(recordOf(written as never), 4);
  const [gathered] = gatherEmitters([written as never]);
  const deliveries = await Deliveries.start({
    backends,
    emitters: [gathered!],
    logger: quiet,
    projectDir: '.',
  });
  open.push(deliveries);
  const names = [written.name, batch.name, `${written.name}.other`, `${batch.name}.batch-4`, 'other.batch-4'];
  for (const [at, name] of names.entries())
    await backends.runHistory.startRun(
      sampleRun({ run_id: `r${at}`, temporal_run_id: `t-r${at}`, tapestry: name }),
    );
  expect(await deliveries.drained(60_000)).toEqual([]);
  expect(heard).toEqual([written.name, batch.name]);
});
