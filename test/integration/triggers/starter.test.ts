import { z } from 'zod';
import { knot, tapestry } from '../../../src';
import { runIdOfEvent, type Selvage } from '../../../src/client';
import { SelvageError } from '../../../src/errors';
import { Starter, type StarterOptions } from '../../../src/serve/starter';
import {
  declareTrigger,
  type Acceptance,
  type TriggerDeclaration,
  type TriggerEvent,
} from '../../../src/triggers';
import { FaultProxy } from '../../support/fault-proxy';
import {
  connectSelvage,
  onClose,
  selvageForAll,
  temporaryBackends,
  unique,
} from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { SwitchableBackends } from '../../support/switchable-backends';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

const shared = selvageForAll({ tapestries: [doubling] });

function starterOf(
  selvage: Selvage,
  options?: StarterOptions,
): { readonly starter: Starter; readonly trigger: TriggerDeclaration } {
  const trigger = declareTrigger({ kind: 'kafka', tapestry: doubling, options: {}, id: unique('orders') });
  return { starter: new Starter(selvage, trigger, options), trigger };
}

function event(key: string, body: unknown = { x: 1 }, requestHash?: string): TriggerEvent {
  const link = { topic: 'orders', partition: 3, offset: key };
  return { key, body, link, ...(requestHash !== undefined && { requestHash }) };
}

function statuses(acceptances: readonly Acceptance[]): string[] {
  return acceptances.map(({ status }) => status);
}

/** That the server has runs of these keys for the trigger, one of each, and no others. Its listing comes a little later than the runs. */
async function expectRuns(
  selvage: Selvage,
  trigger: TriggerDeclaration,
  keys: readonly string[],
): Promise<void> {
  const ids = await until(`the server lists ${keys.length} runs`, async () => {
    const listed: string[] = [];
    const query = `WorkflowId STARTS_WITH "${trigger.id}~"`;
    for await (const { workflowId } of selvage.client.workflow.list({ query })) listed.push(workflowId);
    return listed.length >= keys.length ? listed : undefined;
  });
  expect(ids.sort()).toEqual(keys.map((key) => runIdOfEvent(trigger, key)).sort());
}

test('an event starts a run whose record says trigger, key and where the event came from', async () => {
  const { starter, trigger } = starterOf(shared());
  const [acceptance] = await starter.accept([event('17', { x: 21 })]);
  const runId = runIdOfEvent(trigger, '17');
  expect(acceptance).toEqual({ status: 'started', runId });
  expect(await shared().getRun<{ y: number }>(runId).values()).toEqual({ y: 42 });
  const { run } = await shared().getRun(runId).status();
  expect(run).toMatchObject({
    trigger: `kafka:${trigger.id}`,
    trigger_key: '17',
    details: { event: { topic: 'orders', partition: 3, offset: '17' } },
  });
  const { items } = await shared().runs.list({ trigger: `kafka:${trigger.id}` });
  expect(items.map(({ run_id }) => run_id)).toEqual([runId]);
});

test('each key starts one run under two starters that get all events at once, several times', async () => {
  const other = await connectSelvage({ backends: shared().backends, taskQueue: shared().taskQueue! });
  const { starter, trigger } = starterOf(shared());
  const second = new Starter(other, trigger);
  const events = Array.from({ length: 60 }, (_, index) => event(String(index)));
  const answers = await Promise.all([
    starter.accept([...events, ...events.slice(0, 10)]),
    second.accept(events.toReversed()),
    starter.accept(events.slice(20)),
    second.accept(events.slice(0, 40)),
  ]);
  const all = answers.flat() as { status: string; runId: string }[];
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['started', 'duplicate']));
  const started = all.filter(({ status }) => status === 'started').map(({ runId }) => runId);
  expect(started.sort()).toEqual(events.map(({ key }) => runIdOfEvent(trigger, key)).sort());
  expect(statuses(await starter.accept(events))).toEqual(events.map(() => 'duplicate'));
});

test('who was killed behind the claim, or behind the start, is completed by the next delivery', async () => {
  const { starter, trigger } = starterOf(shared());
  const name = `kafka:${trigger.id}`;
  const { startLedger } = shared().backends;
  const claims = ['claimed', 'started'].map((key) => ({
    trigger: name,
    key,
    runId: runIdOfEvent(trigger, key),
    requestHash: null,
    event: {},
  }));
  await startLedger.claim(claims);
  await shared().start(doubling, { x: 1 }, { runId: runIdOfEvent(trigger, 'started') });
  expect(await starter.accept([event('claimed'), event('started')])).toEqual([
    { status: 'started', runId: claims[0]!.runId },
    { status: 'duplicate', runId: claims[1]!.runId, event: {} },
  ]);
  const { items } = await startLedger.list({ trigger: name, started: false });
  expect(items).toEqual([]);
});

test('an event whose run the server has forgotten starts none again', async () => {
  const { starter, trigger } = starterOf(shared());
  const runId = runIdOfEvent(trigger, 'old');
  const claim = {
    trigger: `kafka:${trigger.id}`,
    key: 'old',
    runId,
    requestHash: null,
    event: {},
  };
  // What is left of a start after the server's retention: the entry, and no run.
  await shared().backends.startLedger.claim([claim]);
  await shared().backends.startLedger.markStarted([claim]);
  expect(await starter.accept([event('old'), event('new')])).toEqual([
    { status: 'duplicate', runId, event: {} },
    { status: 'started', runId: runIdOfEvent(trigger, 'new') },
  ]);
  await expectRuns(shared(), trigger, ['new']);
});

test('a run that an earlier map has started is the run of its event', async () => {
  const { trigger } = starterOf(shared());
  const runId = runIdOfEvent(trigger, 'k');
  await shared().start(doubling, { x: 1 }, { runId });
  const later = new Starter(shared(), trigger, { map: () => ({ x: 2 }) });
  const { link } = event('k');
  expect(await later.accept([event('k')])).toEqual([{ status: 'duplicate', runId, event: link }]);
});

test('another request under the same key is a conflict, also in one call, and starts nothing', async () => {
  const { starter, trigger } = starterOf(shared());
  const runId = runIdOfEvent(trigger, 'k');
  const link = event('k').link;
  expect(await starter.accept([event('k', { x: 1 }, 'one'), event('k', { x: 2 }, 'two')])).toEqual([
    { status: 'started', runId },
    { status: 'conflict', runId, event: link },
  ]);
  expect(await starter.accept([event('k', { x: 2 }, 'two'), event('k', { x: 1 }, 'one')])).toEqual([
    { status: 'conflict', runId, event: link },
    { status: 'duplicate', runId, event: link },
  ]);
  expect(await shared().getRun(runId).values()).toEqual({ y: 2 });
});

test('what starts nothing is filtered or refused, counted, and does not hold up the others', async () => {
  const counts: Record<string, number> = {};
  const seconds: number[] = [];
  const { starter, trigger } = starterOf(shared(), {
    map(body) {
      if (body === 'broken') throw new TypeError('no such field');
      return body === 'skip' ? undefined : body;
    },
    metrics: {
      count: (what, events = 1) => void (counts[what] = (counts[what] ?? 0) + events),
      latency: (value) => void seconds.push(value),
    },
  });
  const acceptances = await starter.accept([
    event('1', 'skip'),
    event('2', 'broken'),
    event('3', { x: 'no number' }),
    event('4', { x: 4, unknown: true }),
    event('5'),
    event('6', 'no object'),
    event('line\nbreak'),
    event('x'.repeat(1_001)),
    event('8', { x: () => 8 }),
    event('5'),
  ]);
  const codes = acceptances.map((one) => (one.status === 'refused' ? one.error.code : one.status));
  expect(codes).toEqual([
    'filtered',
    'InvalidEvent',
    'InvalidParameters',
    'InvalidParameters',
    'started',
    'InvalidParameters',
    'InvalidEvent',
    'InvalidEvent',
    'InvalidParameters',
    'duplicate',
  ]);
  const [, broken] = acceptances as { error: SelvageError }[];
  expect(broken!.error.message).toMatch(/map of trigger "kafka:.*failed on the event "2".*no such field/);
  expect(counts).toEqual({ filtered: 1, refused: 7, started: 1, duplicate: 1 });
  expect(seconds).toEqual([expect.any(Number)]);
  await expectRuns(shared(), trigger, ['5']);
});

test('an event whose map never answers is refused, and does not hold up the others', async () => {
  const { starter } = starterOf(shared(), {
    map: (body) => (body === 'slow' ? new Promise<never>(() => {}) : (body as object)),
    mapTimeout: 1,
  });
  const [slow, other] = await starter.accept([event('1', 'slow'), event('2')]);
  expect(slow).toMatchObject({
    status: 'refused',
    error: { code: 'InvalidEvent', details: { reason: 'MapFailed' } },
  });
  expect((slow as { error: SelvageError }).error.message).toMatch(
    /failed on the event "1".*not answered within/,
  );
  expect(other).toMatchObject({ status: 'started' });
});

test('an event whose run was started is a duplicate, though the code of today would refuse it', async () => {
  const { starter, trigger } = starterOf(shared());
  await starter.accept([event('k')]);
  const today = new Starter(shared(), trigger, { map: () => ({ y: 1 }) });
  expect(await today.accept([event('k'), event('l')])).toMatchObject([
    { status: 'duplicate', runId: runIdOfEvent(trigger, 'k') },
    { status: 'refused' },
  ]);
});

test('a start that was done and answered with an error starts nothing twice', async () => {
  let lost = 0;
  const client = {
    backends: shared().backends,
    client: shared().client,
    starter: {
      check: (...args: Parameters<Selvage['starter']['check']>) => shared().starter.check(...args),
      async start(...args: Parameters<Selvage['starter']['start']>) {
        await shared().starter.start(...args);
        lost += 1;
        throw new SelvageError('ServerUnreachable', 'The answer was lost.');
      },
    },
  };
  const { starter, trigger } = starterOf(shared());
  const failing = new Starter(client as never, trigger);
  const events = [event('1'), event('2')];
  expect((await rejectionOf(failing.accept(events))).code).toBe('ServerUnreachable');
  expect(lost).toBe(2);
  expect(statuses(await starter.accept(events))).toEqual(['duplicate', 'duplicate']);
  await expectRuns(shared(), trigger, ['1', '2']);
});

describe('an outage', () => {
  test.each([
    ['before a claim', 'startLedger.claim', 'before'],
    ['behind a claim', 'startLedger.claim', 'after'],
    ['before a mark', 'startLedger.markStarted', 'before'],
    ['behind a mark', 'startLedger.markStarted', 'after'],
  ] as const)(
    'of the ledger %s accepts nothing, and the next delivery starts what is missing',
    async (_, only, when) => {
      const backends = new SwitchableBackends(await temporaryBackends());
      const selvage = await connectSelvage({ backends: backends.backends });
      const { starter, trigger } = starterOf(selvage);
      backends.inflict({ code: 'BackendUnavailable', only: [only], when, times: 1 });
      const events = [event('1'), event('2')];
      expect((await rejectionOf(starter.accept(events))).code).toBe('BackendUnavailable');
      expect(backends.hit).toEqual([only]);
      for (const { status } of await starter.accept(events)) expect(status).toMatch(/started|duplicate/);
      expect(statuses(await starter.accept(events))).toEqual(['duplicate', 'duplicate']);
      await expectRuns(selvage, trigger, ['1', '2']);
    },
  );

  test('of the server accepts nothing, and the next delivery starts everything once', async () => {
    const [host, port] = sharedServerAddress().split(':') as [string, string];
    const proxy = await FaultProxy.to({ host, port: Number(port) });
    onClose(() => proxy.close());
    const selvage = await connectSelvage({ address: `127.0.0.1:${proxy.port}` });
    const { starter, trigger } = starterOf(selvage, { startTimeout: 500 });
    const events = Array.from({ length: 20 }, (_, index) => event(String(index)));
    await proxy.refuse();
    expect((await rejectionOf(starter.accept(events))).code).toBe('ServerUnreachable');
    await proxy.mend();
    const acceptances = await until('the server is there again', () =>
      starter.accept(events).catch(() => undefined),
    );
    for (const { status } of acceptances) expect(status).toMatch(/started|duplicate/);
    expect(statuses(await starter.accept(events))).toEqual(events.map(() => 'duplicate'));
    const direct = await connectSelvage({ backends: selvage.backends });
    await expectRuns(
      direct,
      trigger,
      events.map(({ key }) => key),
    );
  });
});
