import { z } from 'zod';
import {
  bearer,
  knot,
  standardWebhooks,
  tapestry,
  webhook,
  webhookSignal,
  type WebhookOptions,
} from '../../../../src';
import { docsOf, SelvageError } from '../../../../src/errors';
import type { Acceptance, TriggerEvent } from '../../../../src/triggers';
import { Latch } from '../../../support/latch';
import { answerOf, handlerOf, recordingHost, type RecordingHost } from '../../../support/webhook-host';
import { post, standardHeaders, standardSecret } from '../../../support/webhook-requests';

const hello = knot('hello', ({ name }: { name: string }) => `hello ${name}`);
const greet = tapestry('greet', (t) => ({
  greeting: hello({ name: t.parameter('name', z.string()) }, { id: 'hello' }),
}));

type Options = Partial<WebhookOptions<{ name: string }>>;

const declare = (options: Options = {}): ReturnType<typeof webhook> =>
  webhook(greet, { path: '/hook', verify: false, ...options });

async function send(
  options: Options,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
  host: RecordingHost = recordingHost(),
): Promise<string> {
  return await answerOf(await handlerOf(host, [declare(options)]).fetch(post('/hook', body, headers)));
}

describe('where a request goes', () => {
  const handler = handlerOf(recordingHost(), [declare()], { basePath: '/api' });
  const to = (path: string, method: string): Request => new Request(`http://hooks.test${path}`, { method });

  test.each([
    ['/api/hook', 'POST', '202', null],
    ['/hook', 'POST', '404 UnknownPath', null],
    ['/api/hook/', 'POST', '404 UnknownPath', null],
    ['/api/other', 'POST', '404 UnknownPath', null],
    ['/api/hook', 'GET', '405 MethodNotAllowed', 'POST'],
    ['/api/hook', 'PUT', '405 MethodNotAllowed', 'POST'],
    ['/api/runs/abc', 'POST', '405 MethodNotAllowed', 'GET, HEAD'],
    ['/api/runs/abc', 'GET', '404 UnknownPath', null],
    ['/api/runs/abc.def', 'GET', '404 UnknownPath', null],
  ])('%s by %s: %s', async (path, method, answer, allow) => {
    const response = await handler.fetch(to(path, method));
    expect(await answerOf(response)).toBe(answer);
    expect(response.headers.get('allow')).toBe(allow);
  });

  test('a problem is problem details of RFC 9457', async () => {
    const response = await handler.fetch(to('/api/other', 'POST'));
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      type: docsOf('UnknownPath'),
      title: expect.stringContaining('nothing at the path of a request'),
      status: 404,
      detail: 'There is nothing at this path.',
      code: 'UnknownPath',
    });
  });

  test('an accepted one is told where its run can be looked at', async () => {
    for (const [options, mountedAt, begins] of [
      [{}, undefined, '/runs/'],
      [{ basePath: '/api' }, '/mounted', '/mounted/api/runs/'],
      [
        { basePath: '/api', publicUrl: 'https://api.example.com/hooks/' },
        '/mounted',
        'https://api.example.com/hooks/runs/',
      ],
    ] as const) {
      const handler = handlerOf(recordingHost(), [declare()], options);
      const path = 'basePath' in options ? '/api/hook' : '/hook';
      const response = await handler.fetch(post(path, '{}'), { ...(mountedAt && { mountedAt }) });
      const { runId, statusUrl } = (await response.json()) as { runId: string; statusUrl: string };
      expect(runId).toBe('run~1');
      expect(statusUrl.startsWith(begins)).toBe(true);
      expect(response.headers.get('location')).toBe(statusUrl);
    }
  });

  test('two webhooks at one path are refused', () => {
    const other = webhook(greet, { id: 'other', path: '/hook', verify: false });
    const signal = webhookSignal('go', { path: '/:run', verify: false, id: 'go' });
    for (const triggers of [
      [declare(), other],
      [declare(), signal],
      [webhook(greet, { path: '/runs/x', verify: false })],
    ])
      expect(() => handlerOf(recordingHost(), triggers)).toThrow(
        expect.objectContaining({ code: 'InvalidConfig' }),
      );
  });

  test.each([
    { basePath: 'api' },
    { basePath: '/api/' },
    { publicUrl: 'api.example.com' },
    { publicUrl: 'https://u:p@a.example' },
  ])('options that cannot be: %p', (options) => {
    expect(() => handlerOf(recordingHost(), [], options)).toThrow(
      expect.objectContaining({ code: 'InvalidConfig' }),
    );
  });
});

describe('what the body becomes', () => {
  const bodyOf = async (
    options: Options,
    body: string | Uint8Array<ArrayBuffer>,
    type?: string,
  ): Promise<unknown> => {
    const host = recordingHost();
    expect(await send(options, body, type === undefined ? {} : { 'content-type': type }, host)).toBe('202');
    return host.events[0]!.body;
  };

  test('JSON is the parameters; no body is none of them', async () => {
    expect(await bodyOf({}, '{"name":"Ada"}')).toEqual({ name: 'Ada' });
    expect(await bodyOf({}, '{"name":"Ada"}', 'application/cloudevents+json; charset=UTF-8')).toEqual({
      name: 'Ada',
    });
    expect(await bodyOf({}, '')).toEqual({});
    const empty = new Request('http://hooks.test/hook', { method: 'POST' });
    const host = recordingHost();
    expect((await handlerOf(host, [declare()]).fetch(empty)).status).toBe(202);
    expect(host.events[0]!.body).toEqual({});
  });

  test('what looks like a reference to a stored value is data', async () => {
    const body = '{"name":{"$type":"stored","hash":"sha256:00"},"__proto__":{"a":1}}';
    expect(JSON.stringify(await bodyOf({}, body))).toBe(body);
  });

  test('a map gets body, headers and key, and no header that carries a secret', async () => {
    const host = recordingHost();
    const secret = standardSecret();
    const body = '{"name":"Ada"}';
    const headers: Record<string, string> = {
      ...standardHeaders(secret, body, { id: 'msg_7' }),
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-event': 'made',
      'x-api-key': 'k',
    };
    const options = { verify: standardWebhooks({ secret }), map: () => undefined };
    expect(await send(options, body, headers, host)).toBe('202');
    const [event] = host.events;
    expect(event!.body).toEqual({
      body: { name: 'Ada' },
      id: 'msg_7',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'msg_7',
        'webhook-timestamp': headers['webhook-timestamp'],
        'x-event': 'made',
      },
    });
    expect(event!.link).toEqual({ request: 'msg_7' });
    expect(event!.requestHash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('text, bytes and forms', async () => {
    const map = (): undefined => undefined;
    const inner = async (...given: Parameters<typeof bodyOf>): Promise<unknown> =>
      ((await bodyOf(...given)) as { body: unknown }).body;
    expect(await inner({ body: 'text', map }, 'Grüße', 'text/plain; charset=utf-8')).toBe('Grüße');
    expect(await inner({ body: 'bytes', map }, new Uint8Array([255, 0]), 'image/png')).toEqual(
      new Uint8Array([255, 0]),
    );
    expect(
      await inner({ body: 'form', map }, 'a=1&b=%20&a=2&__proto__=x', 'application/x-www-form-urlencoded'),
    ).toEqual(
      Object.fromEntries([
        ['a', ['1', '2']],
        ['b', ' '],
        ['__proto__', 'x'],
      ]),
    );
  });

  test.each<[Options, string | Uint8Array<ArrayBuffer>, Record<string, string>, string]>([
    [{}, '{"name":', {}, '400 InvalidRequest'],
    [{}, new Uint8Array([123, 255, 125]), {}, '400 InvalidRequest'],
    [{}, '{}', { 'content-type': 'text/plain' }, '415 UnsupportedMediaType'],
    [{}, '{}', { 'content-type': 'application/jsonp' }, '415 UnsupportedMediaType'],
    [{}, '{}', { 'content-type': 'application/json; charset=utf-16' }, '415 UnsupportedMediaType'],
    [{}, '{}', { 'content-encoding': 'gzip' }, '415 UnsupportedMediaType'],
    [{ body: 'form' }, 'a=1', {}, '415 UnsupportedMediaType'],
    [{ body: 'text' }, 'a', {}, '415 UnsupportedMediaType'],
  ])('%p refuses %p with %p', async (options, body, headers, answer) => {
    const host = recordingHost();
    expect(await send(options, body, headers, host)).toBe(answer);
    expect(host.events).toEqual([]);
    expect(host.counted).toEqual(['webhook:hook unreadable']);
  });

  test('who may not send is told so before what is wrong with the body', async () => {
    const verify = bearer({ token: '0123456789abcdef0123456789abcdef' });
    expect(await send({ verify }, '{', { 'content-type': 'text/plain' })).toBe('401 Unauthenticated');
  });
});

describe('what became of the event', () => {
  const answered = async (acceptance: Acceptance | Error): Promise<Response> => {
    const host = recordingHost(() => {
      if (acceptance instanceof Error) throw acceptance;
      return acceptance;
    });
    return await handlerOf(host, [declare()]).fetch(post('/hook', '{}'));
  };
  const away = (code: 'BackendUnavailable' | 'ServerUnreachable'): SelvageError =>
    new SelvageError(code, 'postgres at db.internal:5432 is away', { details: { away: true } });

  test('a repeated one has the same answer, and says that it is one', async () => {
    const response = await answered({ status: 'duplicate', runId: 'run~1' });
    expect(response.status).toBe(202);
    expect(response.headers.get('idempotent-replayed')).toBe('true');
    expect(
      (await answered({ status: 'started', runId: 'run~1' })).headers.get('idempotent-replayed'),
    ).toBeNull();
  });

  test('one that starts nothing is no error', async () => {
    const response = await answered({ status: 'filtered' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ filtered: true });
  });

  test('parameters that are refused are told part by part', async () => {
    const problems = [{ path: 'name', code: 'WrongValue', message: 'expected string' }];
    const error = new SelvageError('InvalidParameters', 'internal words', { details: { problems } });
    const response = await answered({ status: 'refused', error });
    expect(response.status).toBe(400);
    const told = (await response.json()) as object;
    expect(told).toMatchObject({ code: 'InvalidParameters', errors: problems });
    expect(JSON.stringify(told)).not.toContain('internal words');
  });

  test.each<[string, Acceptance | Error, string, string | null]>([
    [
      'a map that threw',
      { status: 'refused', error: new SelvageError('InvalidEvent', 'inside') },
      '400 InvalidRequest',
      null,
    ],
    [
      'another body under its key',
      { status: 'conflict', runId: 'run~1', event: {} },
      '409 EventConflict',
      null,
    ],
    ['a backend that is away', away('BackendUnavailable'), '503 BackendUnavailable', '5'],
    ['a server that is away', away('ServerUnreachable'), '503 ServerUnreachable', '5'],
    ['a full disk', new SelvageError('DiskFull', 'inside'), '503 BackendUnavailable', '5'],
    ['anything else', new Error('inside'), '500 InternalError', null],
  ])('%s', async (_, acceptance, answer, retryAfter) => {
    const response = await answered(acceptance);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    const text = await response.clone().text();
    expect(text).not.toMatch(/inside|db\.internal/);
    expect(await answerOf(response)).toBe(answer);
  });

  test.each(['10', '10h', '-1s', '61s', 'ten', ''])(
    'a wait of %p is refused before anything starts',
    async (wait) => {
      const host = recordingHost();
      const response = await handlerOf(host, [declare()]).fetch(post(`/hook?wait=${wait}`, '{}'));
      expect(await answerOf(response)).toBe('400 InvalidRequest');
      expect(host.events).toEqual([]);
    },
  );
});

describe('limits', () => {
  test('a longer body is refused, by what it says and by what it is', async () => {
    const options = { limits: { body: 10 } };
    expect(await send(options, '{"a":12345}')).toBe('413 RequestTooLarge');
    expect(await send(options, '{"a":1234}')).toBe('202');
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new TextEncoder().encode('12345678'));
      },
    });
    const endless = new Request('http://hooks.test/hook', {
      method: 'POST',
      body,
      duplex: 'half',
    });
    expect(await answerOf(await handlerOf(recordingHost(), [declare(options)]).fetch(endless))).toBe(
      '413 RequestTooLarge',
    );
    expect(pulled).toBeLessThan(5);
  });

  test('a body that does not come is given up', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([123])),
    });
    const slow = new Request('http://hooks.test/hook', {
      method: 'POST',
      body,
      duplex: 'half',
    });
    const response = await handlerOf(recordingHost(), [declare({ limits: { time: 100 } })]).fetch(slow);
    expect(response.headers.get('connection')).toBe('close');
    expect(await answerOf(response)).toBe('408 RequestTimeout');
  });

  test('no more than the window are started at a time; refused ones take no part of it', async () => {
    const [began, go] = [new Latch(), new Latch()];
    const host = recordingHost(async () => {
      began.open();
      await go.passed;
      return { status: 'started', runId: 'run~1' };
    });
    const verify = bearer({ token: '0123456789abcdef0123456789abcdef' });
    const handler = handlerOf(host, [declare({ verify, limits: { window: 1 } })]);
    const genuine = { authorization: 'Bearer 0123456789abcdef0123456789abcdef' };
    const first = handler.fetch(post('/hook', '{}', genuine));
    await began.passed;
    const second = await handler.fetch(post('/hook', '{}', genuine));
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await answerOf(second)).toBe('429 TooManyRequests');
    expect(await answerOf(await handler.fetch(post('/hook', '{}')))).toBe('401 Unauthenticated');
    go.open();
    expect((await first).status).toBe(202);
    expect((await handler.fetch(post('/hook', '{}', genuine))).status).toBe(202);
  });

  test('no more than the rate; those who may not send take no part of it', async () => {
    const verify = bearer({ token: '0123456789abcdef0123456789abcdef' });
    const limits = { rate: { perSecond: 0.001, burst: 2 } };
    const handler = handlerOf(recordingHost(), [declare({ verify, limits })]);
    const genuine = { authorization: 'Bearer 0123456789abcdef0123456789abcdef' };
    const answers: string[] = [];
    for (const headers of [{}, {}, {}, genuine, genuine, genuine] as Record<string, string>[])
      answers.push(await answerOf(await handler.fetch(post('/hook', '{}', headers))));
    expect(answers).toEqual([
      ...Array<string>(3).fill('401 Unauthenticated'),
      '202',
      '202',
      '429 TooManyRequests',
    ]);
    const last = await handler.fetch(post('/hook', '{}', genuine));
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(900);
  });
});

test('a body that a parser has read before is told to whoever runs the service, not taken for a wrong signature', async () => {
  const host = recordingHost();
  const secret = standardSecret();
  const handler = handlerOf(host, [declare({ verify: standardWebhooks({ secret }) })]);
  const request = post('/hook', '{}', standardHeaders(secret, '{}'));
  await request.text();
  expect(await answerOf(await handler.fetch(request))).toBe('500 InternalError');
  expect(JSON.stringify(host.lines)).toContain('express.json()');
});

test('what is being accepted when it is stopped gets its answer, and what comes then is sent elsewhere', async () => {
  const [began, go] = [new Latch(), new Latch()];
  const host = recordingHost(async (event: TriggerEvent) => {
    began.open();
    await go.passed;
    return { status: 'started', runId: event.key };
  });
  const handler = handlerOf(host, [declare()]);
  const accepted = handler.fetch(post('/hook', '{}', { 'idempotency-key': 'one' }));
  await began.passed;
  const stopped = handler.stop();
  const late = await handler.fetch(post('/hook', '{}'));
  expect(late.headers.get('retry-after')).toBe('1');
  expect(await answerOf(late)).toBe('503 ShuttingDown');
  go.open();
  expect((await accepted).status).toBe(202);
  await stopped;
  expect(host.events).toHaveLength(1);
});
