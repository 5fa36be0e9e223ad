import { z } from 'zod';
import { fragment, knot, tapestry, type Fragment } from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import type { RunHandle, Selvage } from '../../src/client';
import { SelvageError } from '../../src/errors';
import { Latch } from '../support/latch';
import { connectSelvage, openSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { double, refusedFragments } from '../support/refused-fragments';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

/** The server's stage of a finished update. */
const COMPLETED = 3;

/** By name of a gate: bodies wait at it. */
const gates = new Map<string, Latch>();
const gateOf = (name: string): Latch => {
  const gate = gates.get(name) ?? new Latch();
  gates.set(name, gate);
  return gate;
};

const hold = knot('hold', async ({ at, x }: { at: string; x: number }, { signal }) => {
  await Promise.race([
    gateOf(at).passed,
    new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
  ]);
  return x;
});
const bring = knot('bring', async ({ id, at }: { id: string; at: string }, context) => {
  context.extend(fragment(() => void double({ x: id.length }, { id: 'same' })));
  context.extend(fragment(() => void double({ x: id.length }, { id: `of-${id}` })));
  await gateOf(at).passed;
  return id;
});

const held = tapestry('held', { extensible: true }, (t) => {
  const x = t.parameter('x', z.number());
  const at = t.parameter('at', z.string());
  const d = double({ x }, { id: 'd' });
  return { held: hold({ at, x: d }, { id: 'h' }) };
});
const closed = tapestry('closed', (t) => {
  const at = t.parameter('at', z.string());
  hold({ at, x: 1 }, { id: 'h' });
});
const quick = tapestry('quick', { extensible: true }, (t) => {
  double({ x: t.parameter('x', z.number()) }, { id: 'd' });
});
const rivals = tapestry('rivals', { extensible: true }, (t) => {
  const at = t.parameter('at', z.string());
  bring({ id: 'one', at }, { id: 'first' });
  bring({ id: 'three', at }, { id: 'second' });
});
const TAPESTRIES = [held, closed, quick, rivals];
const shared = selvageForAll({ tapestries: TAPESTRIES });

const more = (name: string): Fragment =>
  fragment((f) => {
    const d2 = double({ x: f.ref<number>('d') }, { id: `${name}-2` });
    return { [name]: double({ x: d2 }, { id: `${name}-4` }) };
  });

/** A run that waits in its knot `h` until its gate is opened. */
async function startHeld(
  selvage: Selvage,
  options: Parameters<Selvage['start']>[2] = {},
): Promise<{ run: RunHandle<{ held: number }>; open: () => void }> {
  const at = unique('gate');
  const run = await selvage.start(held, { x: 5, at }, options);
  await until('the run waits', async () =>
    (await run.status().catch(() => undefined))?.live?.running.includes('h'),
  );
  return { run, open: () => gateOf(at).open() };
}

test('a client gives a run more knots, which start at once; the same again changes nothing', async () => {
  const selvage = shared();
  const { run, open } = await startHeld(selvage);
  await run.extend(more('a'));
  await until('a newcomer has run', async () => (await run.outcomes())['a-4']);
  await run.extend(more('a'));
  await run.extend(fragment((f) => void double({ x: f.ref('h') }, { id: 'after' })));
  open();
  const result = await run.result();
  expect(result.outputs).toMatchObject({ 'a-2': 20, 'a-4': 40, h: 10, after: 20 });
  expect(result.values).toEqual({ held: 10, a: 40 });
  expect(await run.values()).toEqual({ held: 10, a: 40 });
});

test('two runs of one plan that are extended at once never see each other’s knots', async () => {
  const selvage = shared();
  const runs = await Promise.all([startHeld(selvage), startHeld(selvage), startHeld(selvage)]);
  await Promise.all(runs.map(({ run }, index) => run.extend(more(`of-${index}`))));
  await Promise.all(
    runs.map(({ run }, index) =>
      run.extend(fragment((f) => void double({ x: f.ref(`of-${index}-4`) }, { id: 'next' }))),
    ),
  );
  const stranger = await rejectionOf(
    runs[0].run.extend(fragment((f) => void double({ x: f.ref('of-1-4') }, { id: 'stolen' }))),
  );
  expect(stranger.code).toBe('UnknownKnot');
  for (const [index, { run, open }] of runs.entries()) {
    open();
    const { outputs } = await run.result();
    expect(Object.keys(outputs).sort()).toEqual(
      ['d', 'h', 'next', `of-${index}-2`, `of-${index}-4`, 'param:at', 'param:x'].sort(),
    );
  }
  const plans = await Promise.all(runs.map(async ({ run }) => (await run.status()).run.plan_hash));
  expect(new Set(plans).size).toBe(3);
});

const aborted = Object.assign(new Error('10 ABORTED: workflow is closing'), {
  code: 10,
  details: 'workflow is closing',
  metadata: { get: () => [] },
});
const takenBack = {
  stage: COMPLETED,
  updateRef: { workflowExecution: { workflowId: '-', runId: '-' }, updateId: '-' },
  outcome: { failure: { message: 'taken back', applicationFailureInfo: { type: 'UnprocessedUpdate' } } },
};
test.each([
  ['is not let in', () => Promise.reject(aborted)],
  ['is taken back from a worker', () => Promise.resolve(takenBack)],
])('an extension that %s, because the run goes on with a new history, comes again', async (_, answer) => {
  const selvage = shared();
  const { run, open } = await startHeld(selvage);
  const { workflowService } = selvage.client.connection;
  const update = jest.spyOn(workflowService, 'updateWorkflowExecution');
  update.mockImplementationOnce(answer as never);
  await run.extend(more('a'));
  expect(update).toHaveBeenCalledTimes(2);
  update.mockRestore();
  open();
  expect(await run.values()).toEqual({ held: 10, a: 40 });
});

test('an extended run’s record names the plan that it came to and what it was started with', async () => {
  const selvage = shared();
  const runId = unique('extended');
  const { run, open } = await startHeld(selvage, { runId });
  const before = (await run.status()).run;
  await run.extend(more('a'));
  const after = (await run.status()).run;
  expect(after.plan_hash).not.toBe(before.plan_hash);
  expect(after.terminals).toEqual({ held: 'h', a: 'a-4' });
  expect(after.details['started_with']).toEqual({ plan: before.plan_hash, terminals: { held: 'h' } });
  open();
  await run.result();
  // Whoever starts the same again is told of the same run.
  const again = await selvage.start(
    held,
    { x: 5, at: (await run.result()).outputs['param:at'] },
    { runId, ifExists: 'attach' },
  );
  expect(again.runId).toBe(runId);
});

describe('is refused, tells the caller why and leaves the run as it was:', () => {
  test('each lie', async () => {
    const selvage = shared();
    const { run, open } = await startHeld(selvage);
    const before = (await run.status()).run;
    for (const { lie, make, code, message } of refusedFragments({ knot: 'd', terminal: 'held' })) {
      const error = await rejectionOf(run.extend(make()));
      expect([lie, error.code]).toEqual([lie, code]);
      expect(error.message).toMatch(message);
    }
    expect((await run.status()).run).toEqual(before);
    open();
    const { outputs, status } = await run.result();
    expect(status).toBe('succeeded');
    expect(Object.keys(outputs).sort()).toEqual(['d', 'h', 'param:at', 'param:x']);
  });

  test('a run whose tapestry takes no more knots', async () => {
    const selvage = shared();
    const at = unique('gate');
    const run = await selvage.start(closed, { at });
    expect((await rejectionOf(run.extend(more('a')))).code).toBe('NotExtensible');
    gateOf(at).open();
    expect((await run.result()).status).toBe('succeeded');
  });

  test('a run that is over, one that is being cancelled, and one that nobody knows', async () => {
    const selvage = shared();
    const { run, open } = await startHeld(selvage);
    open();
    await run.result();
    expect(await rejectionOf(run.extend(more('a')))).toMatchObject(refusal('RunOver', /resume/));
    const other = await startHeld(selvage);
    await other.run.cancel();
    // Before it does, it takes more knots, and skips them with the others.
    await until('the run hears of the cancel', async () => {
      const { live, run: record } = await other.run.status();
      return live?.cancelled === true || record.status !== 'running';
    });
    expect((await rejectionOf(other.run.extend(more('a')))).code).toBe('RunOver');
    expect((await rejectionOf(selvage.getRun('nobody').extend(more('a')))).code).toBe('UnknownRun');
  });

  test('an update that names a fragment nobody has', async () => {
    const selvage = shared();
    const { run, open } = await startHeld(selvage);
    const workflow = selvage.client.workflow.getHandle(run.runId);
    const update = (message: unknown): Promise<unknown> =>
      workflow.executeUpdate('selvage.extend', { args: [message] });
    await expect(update({ fragment: 'sha256:gone' })).rejects.toMatchObject({
      cause: { type: 'ValueMissing' },
    });
    await expect(update({})).rejects.toMatchObject({ cause: { type: 'InvalidFragment' } });
    open();
    expect((await run.result()).status).toBe('succeeded');
  });
});

test('an extension in the same moment as the end is either taken or refused, and never lost', async () => {
  const selvage = shared();
  const taken: boolean[] = [];
  for (let round = 0; round < 10; round++) {
    const run = await selvage.start(quick, { x: round });
    await new Promise((resolve) => setTimeout(resolve, round * 12));
    const isTaken = await run.extend(more('a')).then(
      () => true,
      (error: { code: string }) => {
        expect(error.code).toBe('RunOver');
        return false;
      },
    );
    const { outputs, status } = await run.result();
    expect(status).toBe('succeeded');
    expect('a-4' in outputs).toBe(isTaken);
    taken.push(isTaken);
  }
  expect(taken).toContain(true);
});

test('of two bodies that bring the same id at once, both are Ok and the run says that one could not be heard', async () => {
  const selvage = shared();
  const at = unique('gate');
  const run = await selvage.start(rivals, { at });
  await until(
    'both run',
    async () => (await run.status().catch(() => undefined))?.live?.running.length === 2,
  );
  gateOf(at).open();
  const result = await run.result();
  expect(result.status).toBe('failed');
  expect(result.error).toMatchObject({ type: 'DuplicateId' });
  expect(result.error!.message).toMatch(
    /What knot "(first|second)" has extended the run by could not be added/,
  );
  expect(result.outcomes).toMatchObject({
    first: { kind: 'ok' },
    second: { kind: 'ok' },
    same: { kind: 'ok' },
  });
  expect(Object.keys(result.outputs).filter((id) => id.startsWith('of-'))).toHaveLength(1);
  await expect(run.values()).rejects.toMatchObject({ code: 'RunFailed' });
});

test('a resumed run goes on with the extended plan', async () => {
  const selvage = shared();
  const { run } = await startHeld(selvage);
  await run.extend(more('a'));
  await run.extend(fragment((f) => void double({ x: f.ref('h') }, { id: 'after' })));
  await until('newcomers have run', async () => (await run.outcomes())['a-4']);
  await run.cancel();
  await run.result();
  const at = (await run.result({ outputs: 'all' })).outputs['param:at'] as string;
  gateOf(at).open();
  const resumed = await selvage.resume(run.runId);
  const { outputs, status } = await resumed.result();
  expect(status).toBe('succeeded');
  expect(outputs).toMatchObject({ 'a-2': 20, 'a-4': 40, h: 10, after: 20 });
  const [taken] = (await resumed.lineage()).filter(({ knot_id }) => knot_id === 'a-4');
  expect(taken!.cached_from_run).toBe(run.runId);
});

test('what a body has said of a run that was terminated before it heard is there when the run is resumed', async () => {
  const client = await connectSelvage();
  const worker = await startWorker(client, { tapestries: TAPESTRIES });
  const at = unique('gate');
  const run = await client.start(rivals, { at }, { terminals: ['first'] });
  await until(
    'the body runs',
    async () => (await run.status().catch(() => undefined))?.live?.running.length === 1,
  );
  gateOf(at).open();
  await until('it is on record', async () => (await run.outcomes())['first']);
  await run.terminate('to see what is left');
  await worker.stop();
  // As if the run had not heard of it.
  const record = (await client.backends.runHistory.getRun(run.runId))!;
  const { started_with } = record.details as { started_with?: { plan: string } };
  if (started_with) {
    await client.backends.runHistory.changeRun(record.temporal_run_id, {
      plan_hash: started_with.plan,
      terminals: { first: 'first' },
    });
  }
  await startWorker(client, { tapestries: TAPESTRIES });
  const resumed = await client.resume(run.runId);
  expect((await resumed.result()).outputs).toMatchObject({ first: 'one', same: 6, 'of-one': 6 });
});

describe('a fragment that is damaged', () => {
  const DAMAGED = Buffer.from('~');

  test('is refused to its client, and the same call again mends it', async () => {
    const backends = createInMemoryBackends();
    const selvage = await openSelvage({ tapestries: TAPESTRIES, backends });
    const { run, open } = await startHeld(selvage);
    const { dataStore } = backends;
    const put = dataStore.put.bind(dataStore);
    jest
      .spyOn(dataStore, 'put')
      .mockImplementationOnce((values) => put(values.map((value) => ({ ...value, bytes: DAMAGED }))));
    expect((await rejectionOf(run.extend(more('a')))).code).toBe('ValueDamaged');
    await run.extend(more('a'));
    open();
    expect(await run.values()).toEqual({ held: 10, a: 40 });
  });

  test('fails the run whose body brought it; a resumed run brings it again', async () => {
    const backends = createInMemoryBackends();
    const selvage = await openSelvage({ tapestries: TAPESTRIES, backends });
    const { dataStore } = backends;
    const get = dataStore.get.bind(dataStore);
    const reading = jest.spyOn(dataStore, 'get').mockImplementation(async (hash) => {
      const bytes = await get(hash);
      if (bytes && Buffer.from(bytes).includes('"of-one"'))
        throw new SelvageError('ValueDamaged', `${hash} is damaged`);
      return bytes;
    });
    const at = unique('gate');
    gateOf(at).open();
    const run = await selvage.start(rivals, { at }, { terminals: ['first'] });
    const { error, outcomes } = await run.result();
    expect(error).toMatchObject({ type: 'ValueDamaged' });
    expect(error!.message).toMatch(/What knot "first" has extended the run by could not be added/);
    expect(outcomes).toMatchObject({ first: { kind: 'ok' } });
    reading.mockRestore();

    const [record] = await run.lineage({ knotId: 'first' });
    const { extension } = record!.extra as { extension: string };
    await dataStore.put([{ hash: extension, bytes: DAMAGED }]);
    expect(await rejectionOf(selvage.resume(run.runId))).toMatchObject(
      refusal('NotResumable', /`from: \['first'\]`/),
    );
    const resumed = await selvage.resume(run.runId, { from: ['first'] });
    expect((await resumed.result()).outputs).toMatchObject({ first: 'one', same: 6, 'of-one': 6 });
  });
});
