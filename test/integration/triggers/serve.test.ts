import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { knot, tapestry, valkeyTrigger } from '../../../src';
import { openValkey } from '../../../src/adapters/valkey';
import { textOf } from '../../../src/adapters/valkey/client-like';
import { runIdOfEvent } from '../../../src/client';
import { runForever, serve, type Serving } from '../../../src/serve';
import type { Acceptance, Trigger } from '../../../src/triggers';
import { Latch } from '../../support/latch';
import { connectSelvage, onClose, selvageForAll, temporaryBackends } from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { describeWith, valkeyService } from '../../support/services';
import { SwitchableBackends } from '../../support/switchable-backends';
import { until } from '../../support/until';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

const shared = selvageForAll({ tapestries: [doubling] });
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function serving(options: Parameters<typeof serve>[0]): Promise<Serving> {
  const served = await serve({ logger: quiet, ...options });
  onClose(() => served.stop());
  return served;
}

async function ask(served: Serving, path: string): Promise<{ status: number; body: unknown }> {
  const response = await served.fetch(new Request(`http://localhost${path}`));
  return { status: response.status, body: await response.json() };
}

test('runForever starts a run for each event of a trigger of your own, and returns when there are no more', async () => {
  const id = `own-${randomUUID()}`;
  const answers: Acceptance[] = [];
  const source: Trigger = {
    kind: 'own',
    id,
    run: async (host) => {
      for (const key of ['a', 'b', 'a'])
        answers.push(...(await host.accept([{ key, body: key, link: { line: key } }])));
    },
  };
  await runForever(source, doubling, {
    selvage: shared(),
    logger: quiet,
    map: (body) => ({ x: body === 'a' ? 1 : 2 }),
  });
  expect(answers.map(({ status }) => status)).toEqual(['started', 'started', 'duplicate']);
  const run = shared().getRun(runIdOfEvent({ kind: 'own' as 'kafka', id }, 'b'));
  expect(await run.values()).toEqual({ y: 4 });
});

test('runForever ends when its signal is aborted, after what it had begun is accepted', async () => {
  const [began, go] = [new Latch(), new Latch()];
  const stopping = new AbortController();
  let status: string | undefined;
  const source: Trigger = {
    kind: 'own',
    id: `own-${randomUUID()}`,
    run: async (host) => {
      began.open();
      await go.passed;
      status = (await host.accept([{ key: 'a', body: { x: 1 }, link: {} }]))[0]!.status;
    },
  };
  const ended = runForever(source, doubling, { selvage: shared(), logger: quiet, signal: stopping.signal });
  await began.passed;
  stopping.abort();
  go.open();
  await ended;
  expect(status).toBe('started');
});

test('runForever takes no trigger of another tapestry', async () => {
  const other = tapestry('other', () => ({ y: double({ x: 1 }, { id: 'y' }) }));
  const trigger = valkeyTrigger(doubling, { id: 'numbers', stream: 'numbers' });
  expect(await rejectionOf(runForever(trigger, other, { selvage: shared() }))).toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringContaining('which starts "doubling"') as unknown,
  });
});

test('readiness names what is away, and comes back by itself; what does not count is left out', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const selvage = await connectSelvage({ backends: line.backends });
  const served = await serving({ selvage, triggers: [] });
  expect(await ask(served, '/readyz')).toMatchObject({
    status: 200,
    body: { ready: true, parts: { server: { ready: true }, 'run-history': { ready: true } } },
  });
  line.inflict({ code: 'BackendUnavailable', only: ['runHistory.getRun'] });
  const away = await until('it is noticed', async () => {
    const answer = await ask(served, '/readyz');
    return answer.status === 503 ? answer : undefined;
  });
  expect(away.body).toMatchObject({
    ready: false,
    parts: { 'run-history': { ready: false, error: 'BackendUnavailable' }, server: { ready: true } },
  });
  expect((await ask(served, '/readyz?exclude=run-history')).status).toBe(200);
  expect((await ask(served, '/livez')).status).toBe(200);
  line.mend();
  await until('it is ready again', async () => (await ask(served, '/readyz')).status === 200);
  await served.stop();
  expect((await ask(served, '/readyz')).status).toBe(503);
});

test('two triggers of one kind and id are refused', async () => {
  const trigger = (): ReturnType<typeof valkeyTrigger> =>
    valkeyTrigger(doubling, { id: 'numbers', stream: 'numbers' });
  expect(await rejectionOf(serve({ selvage: shared(), triggers: [trigger(), trigger()] }))).toMatchObject({
    code: 'DuplicateTrigger',
  });
});

describeWith('valkey')('streams of Valkey', () => {
  test('twenty producers, twenty consumers, 50 entries each: each entry has started one run', async () => {
    const url = await valkeyService();
    const stream = `test-${randomUUID()}`;
    process.env['SELVAGE_TRIGGER_TEST_VALKEY'] = url;
    onClose(async () => void delete process.env['SELVAGE_TRIGGER_TEST_VALKEY']);
    const connection = await openValkey({ url });
    onClose(async () => {
      await connection.command('del', stream);
      await connection.close();
    });
    // No worker takes them up: they are to be started.
    const selvage = await connectSelvage();
    const trigger = valkeyTrigger(doubling, {
      id: `numbers-${randomUUID()}`,
      stream,
      // All of them together begin as many runs at once as one with the default.
      window: 5,
      connection: 'SELVAGE_TRIGGER_TEST_VALKEY',
    });
    for (let consumer = 0; consumer < 20; consumer++) await serving({ selvage, triggers: [trigger] });
    const sent = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const keys: string[] = [];
        for (let x = 0; x < 50; x++) {
          const id = await connection.command('xadd', stream, '*', 'data', `{"x":${x}}`);
          keys.push(`${stream}/${textOf(id)}`);
        }
        return keys;
      }),
    );
    const keys = sent.flat();
    const query = `WorkflowId STARTS_WITH "${trigger.id}~"`;
    const countOf = async (): Promise<number> => (await selvage.client.workflow.count(query)).count;
    await until(
      'all are acknowledged',
      async () => {
        const [group] = (await connection.command('xinfo', 'GROUPS', stream)) as unknown[][];
        const field = (name: string): unknown =>
          group![group!.findIndex((each) => textOf(each) === name) + 1];
        return field('pending') === 0 && field('lag') === 0;
      },
      240_000,
    );
    await until('the server lists all', async () => (await countOf()) >= keys.length);
    const runs: string[] = [];
    for await (const { workflowId } of selvage.client.workflow.list({ query })) runs.push(workflowId);
    expect(runs.sort()).toEqual(keys.map((key) => runIdOfEvent(trigger, key)).sort());
  });
});
