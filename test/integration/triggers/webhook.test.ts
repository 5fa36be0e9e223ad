import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import {
  bearer,
  github,
  knot,
  standardWebhooks,
  tapestry,
  waitForSignal,
  webhook,
  webhookSignal,
} from '../../../src';
import type { Selvage } from '../../../src/client';
import { SelvageError } from '../../../src/errors';
import { serve, toFetchHandler, type FetchHandler, type FetchHandlerOptions } from '../../../src/serve';
import type { StartLedger } from '../../../src/ports';
import { Latch } from '../../support/latch';
import {
  connectSelvage,
  onClose,
  selvageForAll,
  temporaryBackends,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { answerOf } from '../../support/webhook-host';
import { githubHeaders, post, standardHeaders, standardSecret } from '../../support/webhook-requests';

const SECRET = standardSecret();
const TOKEN = '0123456789abcdef0123456789abcdef';
const authorization = `Bearer ${TOKEN}`;

/** Bodies that wait, by what they were given. */
const held = new Map<string, Latch>();

const hello = knot('webhook-hello', async ({ name }: { name: string }) => {
  await held.get(name)?.passed;
  if (name === 'nobody') throw new TypeError('the message is for who runs the service');
  return { greeting: `hello ${name}`, at: new Date(0), large: name === 'large' ? 'x'.repeat(1_100_000) : '' };
});
const greet = tapestry('webhook-greet', (t) => ({
  greeting: hello({ name: t.parameter('name', z.string()) }, { id: 'hello' }),
}));
const approve = tapestry('webhook-approve', () => ({
  decision: waitForSignal('approval', z.object({ ok: z.boolean() }), { id: 'decision' }),
}));

const selvage = selvageForAll({ tapestries: [greet, approve] });

const TRIGGERS = [
  webhook(greet, { path: '/signed', verify: standardWebhooks({ secret: SECRET }) }),
  webhook(greet, { path: '/bearer', verify: bearer({ token: TOKEN }) }),
  webhook(greet, { path: '/quiet', verify: bearer({ token: TOKEN }), outputs: false }),
  webhook(greet, {
    path: '/github',
    verify: github({ secret: SECRET }),
    map: ({ body, headers }) => (headers['x-github-event'] === 'ping' ? undefined : { name: body.name }),
  }),
  webhookSignal('approval', { path: '/approvals/:run', verify: standardWebhooks({ secret: SECRET }) }),
  webhookSignal('approval', {
    id: 'decide',
    path: '/decide',
    verify: bearer({ token: TOKEN }),
    run: ({ body }) => body.run,
    map: ({ body }) => ({ ok: body.ok }),
  }),
];

function handlerOn(client: Selvage, options: Partial<FetchHandlerOptions> = {}): FetchHandler {
  return toFetchHandler({
    selvage: client,
    triggers: TRIGGERS,
    statusSecret: 'a secret of tests, of 32 letters',
    ...options,
  });
}

const handle = (request: Request): Promise<Response> => handlerOn(selvage())(request);

interface Accepted {
  readonly runId: string;
  readonly statusUrl: string;
}

async function accepted(response: Response): Promise<Accepted> {
  expect(response.status).toBe(202);
  return (await response.json()) as Accepted;
}

const read = (
  statusUrl: string,
  handler: (request: Request) => Promise<Response> = handle,
): Promise<Response> => handler(new Request(new URL(statusUrl, 'http://hooks.test')));

const bodyOf = (name: string): string => JSON.stringify({ name });

describe('a key', () => {
  test('has one run, whatever becomes of it: unseen, while it runs, after it has succeeded', async () => {
    const name = unique('twice');
    held.set(name, new Latch());
    const body = bodyOf(name);
    const id = unique('msg');
    const first = await accepted(await handle(post('/signed', body, standardHeaders(SECRET, body, { id }))));
    expect(first.runId).toMatch(/^signed~[0-9a-f]{24}$/);
    const meanwhile = await handle(post('/signed', body, standardHeaders(SECRET, body, { id })));
    expect(meanwhile.headers.get('idempotent-replayed')).toBe('true');
    expect(await accepted(meanwhile)).toEqual(first);
    held.get(name)!.open();
    expect((await selvage().getRun(first.runId).result()).status).toBe('succeeded');
    expect(
      await accepted(await handle(post('/signed', body, standardHeaders(SECRET, body, { id })))),
    ).toEqual(first);
    const { items } = await selvage().lineage.records({ runId: first.runId, knotId: 'hello' });
    expect(items).toHaveLength(1);
    expect((await selvage().getRun(first.runId).status()).run).toMatchObject({
      trigger: 'webhook:signed',
      trigger_key: id,
      details: { event: { request: id } },
    });
  });

  test('has a run below the span of its request; what is no span is passed over', async () => {
    const traceparentOf = async (traceparent: string): Promise<unknown> => {
      const headers = { authorization, 'idempotency-key': unique('key'), traceparent };
      const { runId } = await accepted(await handle(post('/bearer', bodyOf(unique('traced')), headers)));
      await selvage().getRun(runId).result();
      const { run } = await selvage().getRun(runId).status();
      return run?.details['traceparent'];
    };
    const span = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await traceparentOf(span)).toBe(span);
    expect(await traceparentOf('no span')).toBeUndefined();
  });

  test('has the run that failed, too', async () => {
    const body = bodyOf('nobody');
    const headers = { authorization, 'idempotency-key': unique('key') };
    const first = await accepted(await handle(post('/bearer', body, headers)));
    await selvage().getRun(first.runId).result();
    expect(await accepted(await handle(post('/bearer', body, headers)))).toEqual(first);
    const view = await (await read(first.statusUrl)).json();
    expect(view).toMatchObject({ status: 'failed', failed: [{ knotId: 'hello', type: 'TypeError' }] });
    expect(JSON.stringify(view)).not.toContain('for who runs the service');
  });

  test('of many requests at once is one run', async () => {
    const body = bodyOf('crowd');
    const headers = { authorization, 'idempotency-key': unique('key') };
    const handlers = [handlerOn(selvage()), handlerOn(selvage())];
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, at) => await accepted(await handlers[at % 2]!(post('/bearer', body, headers))),
      ),
    );
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1);
  });

  test('is not given to another body, whether that could start a run or not', async () => {
    const headers = { authorization, 'idempotency-key': unique('key') };
    await accepted(await handle(post('/bearer', bodyOf('one'), headers)));
    for (const body of [bodyOf('other'), '{"name": "one"}', '{"nme":"one"}', '{}'])
      expect(await answerOf(await handle(post('/bearer', body, headers)))).toBe('409 EventConflict');
  });

  test('is never made of the body: without one, equal requests are a run each', async () => {
    const runs = [1, 2].map(
      async () => (await accepted(await handle(post('/bearer', bodyOf('ping'), { authorization })))).runId,
    );
    const [one, other] = await Promise.all(runs);
    expect(one).not.toBe(other);
  });
});

test('what the tapestry does not take starts nothing, and a better one may come under the key', async () => {
  const headers = { authorization, 'idempotency-key': unique('key') };
  const refused = await handle(post('/bearer', '{"name":7,"more":1}', headers));
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    code: 'InvalidParameters',
    errors: [
      { path: 'more', code: 'UnknownParameter' },
      { path: 'name', code: 'WrongValue' },
    ],
  });
  await accepted(await handle(post('/bearer', bodyOf('better'), headers)));
});

describe('GitHub', () => {
  test('the same signature under another delivery id is refused; under its own it comes again', async () => {
    const body = bodyOf(unique('push'));
    const delivery = randomUUID();
    const first = await accepted(await handle(post('/github', body, githubHeaders(SECRET, body, delivery))));
    for (const other of [randomUUID(), randomUUID()])
      expect(await answerOf(await handle(post('/github', body, githubHeaders(SECRET, body, other))))).toBe(
        '409 EventReplayed',
      );
    expect(
      await accepted(await handle(post('/github', body, githubHeaders(SECRET, body, delivery)))),
    ).toEqual(first);
  });

  test('a ping starts nothing', async () => {
    const body = '{"zen":"Keep it logically awesome."}';
    const headers = { ...githubHeaders(SECRET, body), 'x-github-event': 'ping' };
    const response = await handle(post('/github', body, headers));
    expect([response.status, await response.json()]).toEqual([200, { filtered: true }]);
  });
});

describe('the outcome', () => {
  test('is the answer where it comes within the wait', async () => {
    const response = await handle(post('/bearer?wait=30s', bodyOf('Ada'), { authorization }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      runId: expect.stringMatching(/^bearer~/),
      statusUrl: expect.stringMatching(/^\/runs\//),
      status: 'succeeded',
      outputs: {
        greeting: { greeting: 'hello Ada', at: { $type: 'date', value: '1970-01-01T00:00:00.000Z' } },
      },
    });
  });

  test('is asked for later where it does not', async () => {
    const name = unique('slow');
    held.set(name, new Latch());
    const first = await accepted(await handle(post('/bearer?wait=100ms', bodyOf(name), { authorization })));
    expect(await (await read(first.statusUrl)).json()).toEqual({ runId: first.runId, status: 'running' });
    const waiting = read(`${first.statusUrl}?wait=30s`);
    held.get(name)!.open();
    expect(await (await waiting).json()).toMatchObject({
      status: 'succeeded',
      outputs: { greeting: { greeting: `hello ${name}` } },
    });
  });

  test('is told without values where the declaration withholds them, or where they are too large for an answer', async () => {
    const quiet = await (await handle(post('/quiet?wait=30s', bodyOf('Ada'), { authorization }))).json();
    expect(quiet).toMatchObject({ status: 'succeeded' });
    expect(quiet).not.toHaveProperty('outputs');
    expect(await (await read((quiet as Accepted).statusUrl)).json()).not.toHaveProperty('outputs');
    const large = await (await handle(post('/bearer?wait=30s', bodyOf('large'), { authorization }))).json();
    expect(large).toMatchObject({ status: 'succeeded', outputsOmitted: 'TooLarge' });
    expect(large).not.toHaveProperty('outputs');
  });

  test('of a run that was terminated is told, too', async () => {
    const name = unique('ended');
    held.set(name, new Latch());
    const { runId, statusUrl } = await accepted(
      await handle(post('/bearer', bodyOf(name), { authorization })),
    );
    await selvage().getRun(runId).terminate();
    held.get(name)!.open();
    expect(await (await read(`${statusUrl}?wait=30s`)).json()).toMatchObject({ runId, status: 'terminated' });
  });

  test('needs the token of the run: no other token, and no other secret', async () => {
    const { statusUrl } = await accepted(await handle(post('/bearer', bodyOf('Ada'), { authorization })));
    expect(await answerOf(await read(`${statusUrl}x`))).toBe('404 UnknownPath');
    const other = handlerOn(selvage(), { statusSecret: 'another secret, of another instance' });
    expect(await answerOf(await read(statusUrl, other))).toBe('404 UnknownPath');
    const both = handlerOn(selvage(), {
      statusSecret: ['another secret, of another instance', 'a secret of tests, of 32 letters'],
    });
    expect((await read(statusUrl, both)).status).toBe(200);
  });
});

test('without a secret of its own, instances of one project know the tokens of one another', async () => {
  const projectDir = await temporaryFolder();
  const [one, other] = await Promise.all([connectSelvage({ projectDir }), connectSelvage({ projectDir })]);
  const make = (client: Selvage): FetchHandler => toFetchHandler({ selvage: client, triggers: TRIGGERS });
  const { statusUrl } = await accepted(await make(one)(post('/bearer', bodyOf('Ada'), { authorization })));
  const file = path.join(projectDir, '.selvage', 'status-secret');
  expect(existsSync(file)).toBe(true);
  // The backends of the other have never heard of the run, and its server has.
  expect(await (await read(statusUrl, make(other))).json()).toMatchObject({ status: 'running' });
  expect(statusUrl).not.toContain(readFileSync(file, 'utf8').trim());
});

describe('a signal', () => {
  const waitingRun = async (): Promise<string> => {
    const { runId } = await selvage().start(approve, {}, { runId: unique('approve') });
    return runId;
  };
  const signed = (runId: string, body: string, id = unique('msg')): Request =>
    post(`/approvals/${runId}`, body, standardHeaders(SECRET, body, { id }));

  test('reaches the run in its path, once', async () => {
    const runId = await waitingRun();
    const id = unique('msg');
    const first = await accepted(await handle(signed(runId, '{"ok":true}', id)));
    expect(first).toEqual({ runId, takenBy: 'decision' });
    expect((await selvage().getRun(runId).result()).values).toEqual({ decision: { ok: true } });
    // Also when the run is over.
    expect(await accepted(await handle(signed(runId, '{"ok":true}', id)))).toEqual(first);
  });

  test('reaches the run that its body names', async () => {
    const runId = await waitingRun();
    await accepted(
      await handle(post('/decide', JSON.stringify({ run: runId, ok: false }), { authorization })),
    );
    expect((await selvage().getRun(runId).result()).values).toEqual({ decision: { ok: false } });
  });

  test('that was overheard cannot be sent to another run, which no signature covers', async () => {
    const [mine, other] = [await waitingRun(), await waitingRun()];
    const id = unique('msg');
    await accepted(await handle(signed(mine, '{"ok":true}', id)));
    expect(await answerOf(await handle(signed(other, '{"ok":true}', id)))).toBe('409 EventConflict');
    expect(await answerOf(await handle(signed(mine, '{"ok":false}', id)))).toBe('409 EventConflict');
    await selvage().getRun(other).cancel();
  });

  test('that cannot be taken is refused by what is wrong with it', async () => {
    const runId = await waitingRun();
    expect(await answerOf(await handle(signed(runId, '{"ok":"yes"}')))).toBe('400 InvalidSignal');
    expect(await answerOf(await handle(signed(unique('none'), '{"ok":true}')))).toBe('404 UnknownRun');
    expect(await answerOf(await handle(post('/decide', '{"ok":true}', { authorization })))).toBe(
      '400 InvalidRequest',
    );
    const wrong = post(
      `/approvals/${runId}`,
      '{"ok":true}',
      standardHeaders(standardSecret(), '{"ok":true}'),
    );
    expect(await answerOf(await handle(wrong))).toBe('401 Unauthenticated');
    await accepted(await handle(signed(runId, '{"ok":true}')));
    await selvage().getRun(runId).result();
    expect(await answerOf(await handle(signed(runId, '{"ok":true}')))).toBe('409 RunOver');
  });
});

test('while the ledger is away, senders are told to come back, and then have one run', async () => {
  const backends = await temporaryBackends();
  const real = backends.startLedger;
  let isAway = true;
  const startLedger: StartLedger = Object.create(real, {
    claim: {
      value: (claims: Parameters<StartLedger['claim']>[0]) => {
        if (isAway) {
          throw new SelvageError('BackendUnavailable', 'postgres://db.internal is away', {
            details: { away: true },
          });
        }
        return real.claim(claims);
      },
    },
  }) as StartLedger;
  const client = await connectSelvage({
    backends: { ...backends, commit: backends.commit.bind(backends), startLedger },
  });
  const handler = handlerOn(client);
  const request = (): Request => post('/bearer', bodyOf('Ada'), { authorization, 'idempotency-key': 'away' });
  const refused = await handler(request());
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.clone().text()).not.toContain('db.internal');
  expect(await answerOf(refused)).toBe('503 BackendUnavailable');
  isAway = false;
  const first = await accepted(await handler(request()));
  expect(await accepted(await handler(request()))).toEqual(first);
});

test('serve() answers webhooks on its port, beside its health', async () => {
  const serving = await serve({
    selvage: selvage(),
    triggers: TRIGGERS,
    port: 0,
    statusSecret: 'a secret of tests, of 32 letters',
    publicUrl: 'https://hooks.example.com',
  });
  onClose(() => serving.stop());
  const send = (): Promise<Response> =>
    fetch(`${serving.url}/bearer`, {
      method: 'POST',
      body: bodyOf('Ada'),
      headers: { 'content-type': 'application/json', authorization },
    });
  const { statusUrl } = await accepted(await send());
  expect(statusUrl).toMatch(/^https:\/\/hooks\.example\.com\/runs\//);
  const view = await fetch(`${serving.url}${new URL(statusUrl).pathname}?wait=30s`);
  expect(await view.json()).toMatchObject({ status: 'succeeded' });
  expect((await fetch(`${serving.url}/livez`)).status).toBe(200);
  expect((await fetch(`${serving.url}/nothing`)).status).toBe(404);
});
