import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import {
  bearer,
  github,
  knot,
  standardWebhooks,
  tapestry,
  webhook,
  type WebhookOptions,
} from '../../../../src';
import { answerOf, handlerOf, recordingHost, type RecordingHost } from '../../../support/webhook-host';
import {
  githubHeaders,
  post,
  seconds,
  standardHeaders,
  standardSecret,
} from '../../../support/webhook-requests';

const hello = knot('hello', ({ name }: { name: string }) => `hello ${name}`);
const greet = tapestry('greet', (t) => ({
  greeting: hello({ name: t.parameter('name', z.string()) }, { id: 'hello' }),
}));

const BODY = '{"name":"Ada", "tags":["a"]}';
const OLD = standardSecret();
const NEW = standardSecret();
const OTHER = standardSecret();
const [HUB_OLD, HUB_NEW] = ['github secret, the first one', 'github secret, the second one'];
const [TOKEN_OLD, TOKEN_NEW] = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'];

async function send(
  verify: WebhookOptions<{ name: string }>['verify'],
  headers: Readonly<Record<string, string>>,
  body = BODY,
  host: RecordingHost = recordingHost(),
): Promise<string> {
  const handler = handlerOf(host, [webhook(greet, { path: '/hook', verify })]);
  return await answerOf(await handler.fetch(post('/hook', body, headers)));
}

describe('Standard Webhooks', () => {
  const verify = standardWebhooks({ secret: [NEW, OLD] });
  const signed = standardHeaders(NEW, BODY, { id: 'msg_1' });
  const [, signature] = signed['webhook-signature']!.split(',');
  const cases: readonly [what: string, headers: Record<string, string>, body: string, answer: string][] = [
    ['good', signed, BODY, '202'],
    ['the other of two keys', standardHeaders(OLD, BODY), BODY, '202'],
    ['a key that is none of ours', standardHeaders(OTHER, BODY), BODY, '401 Unauthenticated'],
    ['as old as may be', standardHeaders(NEW, BODY, { at: seconds() - 290 }), BODY, '202'],
    ['too old', standardHeaders(NEW, BODY, { at: seconds() - 310 }), BODY, '401 Unauthenticated'],
    ['as far ahead as may be', standardHeaders(NEW, BODY, { at: seconds() + 290 }), BODY, '202'],
    ['too far ahead', standardHeaders(NEW, BODY, { at: seconds() + 310 }), BODY, '401 Unauthenticated'],
    ['one byte of the body changed', signed, BODY.replace('Ada', 'Adb'), '401 Unauthenticated'],
    ['the body serialised again', signed, JSON.stringify(JSON.parse(BODY)), '401 Unauthenticated'],
    [
      'two signatures, the second right',
      { ...signed, 'webhook-signature': `v1,${'A'.repeat(43)}= v1,${signature}` },
      BODY,
      '202',
    ],
    [
      'a right one behind one of another version',
      { ...signed, 'webhook-signature': `v1a,${signature} v1,${signature}` },
      BODY,
      '202',
    ],
    [
      'of another version alone',
      { ...signed, 'webhook-signature': `v2,${signature}` },
      BODY,
      '401 Unauthenticated',
    ],
    ['another id', { ...signed, 'webhook-id': 'msg_2' }, BODY, '401 Unauthenticated'],
    ['another time', { ...signed, 'webhook-timestamp': String(seconds() + 1) }, BODY, '401 Unauthenticated'],
    ['a time that is none', { ...signed, 'webhook-timestamp': 'now' }, BODY, '401 Unauthenticated'],
    ['an empty signature', { ...signed, 'webhook-signature': '' }, BODY, '401 Unauthenticated'],
    ['the headers of another scheme', githubHeaders(HUB_NEW, BODY), BODY, '401 Unauthenticated'],
    ['none', {}, BODY, '401 Unauthenticated'],
  ];

  test.each(cases)('%s', async (_, headers, body, answer) => {
    expect(await send(verify, headers, body)).toBe(answer);
    // The reference library says the same, with either key.
    const isGenuine = [NEW, OLD].some((secret) => {
      try {
        new Webhook(secret).verify(body, headers, { jsonParse: false });
        return true;
      } catch {
        return false;
      }
    });
    expect(isGenuine).toBe(answer === '202');
  });

  test('the signed id is the key, and names with dots are refused: they would let a signature speak for another id', async () => {
    const host = recordingHost();
    expect(await send(verify, signed, BODY, host)).toBe('202');
    expect(host.events.map(({ key }) => key)).toEqual(['msg_1']);
    // The text that is signed is the same for both: "a.<time>.<rest>".
    const at = seconds();
    const inner = standardHeaders(NEW, `${at}.{}`, { id: 'a', at });
    const moved = { ...inner, 'webhook-id': `a.${at}` };
    expect(await send(verify, moved, '{}')).toBe('400 InvalidRequest');
  });

  test('headers of Svix, where the declaration says so', async () => {
    const svix = Object.fromEntries(
      Object.entries(signed).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
    );
    expect(await send(standardWebhooks({ secret: NEW, headers: 'svix' }), svix)).toBe('202');
    expect(await send(verify, svix)).toBe('401 Unauthenticated');
  });

  test('a tolerance of its own', async () => {
    const verify = standardWebhooks({ secret: NEW, tolerance: 10_000 });
    expect(await send(verify, standardHeaders(NEW, BODY, { at: seconds() - 5 }))).toBe('202');
    expect(await send(verify, standardHeaders(NEW, BODY, { at: seconds() - 20 }))).toBe(
      '401 Unauthenticated',
    );
  });
});

describe('GitHub', () => {
  const verify = github({ secret: [HUB_NEW, HUB_OLD] });
  const signed = githubHeaders(HUB_NEW, BODY, '72d3162e-cc78-11e3-81ab-4c9367dc0958');
  // Without the ledger, which the tests on a real one have, nothing is known of signatures: what gets there is genuine.
  const genuine = '404 UnknownRun';
  const cases: readonly [what: string, headers: Record<string, string>, body: string, answer: string][] = [
    ['good', signed, BODY, genuine],
    ['the other of two keys', githubHeaders(HUB_OLD, BODY), BODY, genuine],
    [
      'a signature in capitals',
      {
        ...signed,
        'x-hub-signature-256': signed['x-hub-signature-256']!.toUpperCase().replace('SHA', 'sha'),
      },
      BODY,
      genuine,
    ],
    [
      'a key that is none of ours',
      githubHeaders('something else altogether', BODY),
      BODY,
      '401 Unauthenticated',
    ],
    ['one byte of the body changed', signed, BODY.replace('Ada', 'Adb'), '401 Unauthenticated'],
    ['the body serialised again', signed, JSON.stringify(JSON.parse(BODY)), '401 Unauthenticated'],
    [
      'two signatures',
      {
        ...signed,
        'x-hub-signature-256': `${signed['x-hub-signature-256']}, ${signed['x-hub-signature-256']}`,
      },
      BODY,
      '401 Unauthenticated',
    ],
    [
      'SHA-1',
      { ...signed, 'x-hub-signature-256': `sha1=${createHmac('sha1', HUB_NEW).update(BODY).digest('hex')}` },
      BODY,
      '401 Unauthenticated',
    ],
    [
      'a signature without a delivery id',
      { 'x-hub-signature-256': signed['x-hub-signature-256']! },
      BODY,
      '401 Unauthenticated',
    ],
    ['none', {}, BODY, '401 Unauthenticated'],
  ];

  test.each(cases)('%s', async (_, headers, body, answer) => {
    expect(await send(verify, headers, body)).toBe(answer);
  });

  test('a secret in the environment may have spaces, and lines are several', async () => {
    const declared = webhook(greet, { path: '/hook', verify: github({ secret: { env: 'HUB' } }) });
    const [old, next] = ['correct horse battery staple', ' spaces at both ends '];
    const handler = handlerOf(recordingHost(), [declared], { environment: { HUB: `${old}\r\n${next}\n` } });
    const answer = async (secret: string): Promise<string> =>
      await answerOf(await handler.fetch(post('/hook', BODY, githubHeaders(secret, BODY))));
    for (const secret of [old, next]) expect(await answer(secret)).toBe(genuine);
    for (const part of ['correct', 'battery staple', next.trim(), `${old}\r\n${next}`])
      expect(await answer(part)).toBe('401 Unauthenticated');
  });

  test('the example of its documentation', async () => {
    const secret = "It's a Secret to Everybody";
    const headers = {
      'content-type': 'text/plain',
      'x-github-delivery': 'one',
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    const handler = handlerOf(recordingHost(), [
      webhook(greet, { path: '/hook', verify: github({ secret }), body: 'text', map: () => null }),
    ]);
    expect(await answerOf(await handler.fetch(post('/hook', 'Hello, World!', headers)))).toBe(genuine);
    expect(await answerOf(await handler.fetch(post('/hook', 'Hello, World?', headers)))).toBe(
      '401 Unauthenticated',
    );
  });
});

describe('bearer', () => {
  const verify = bearer({ token: [TOKEN_NEW, TOKEN_OLD] });
  const cases: readonly [what: string, headers: Record<string, string>, answer: string][] = [
    ['good', { authorization: `Bearer ${TOKEN_NEW}` }, '202'],
    ['in small letters', { authorization: `bearer ${TOKEN_NEW}` }, '202'],
    ['the other of two tokens', { authorization: `Bearer ${TOKEN_OLD}` }, '202'],
    ['a token that is none of ours', { authorization: `Bearer ${TOKEN_OLD}0` }, '401 Unauthenticated'],
    [
      'the beginning of a token',
      { authorization: `Bearer ${TOKEN_OLD.slice(0, -1)}` },
      '401 Unauthenticated',
    ],
    ['two tokens', { authorization: `Bearer ${TOKEN_OLD} ${TOKEN_NEW}` }, '401 Unauthenticated'],
    ['another scheme', { authorization: `Basic ${TOKEN_NEW}` }, '401 Unauthenticated'],
    ['empty', { authorization: 'Bearer ' }, '401 Unauthenticated'],
    ['none', {}, '401 Unauthenticated'],
  ];

  test.each(cases)('%s', async (_, headers, answer) => {
    expect(await send(verify, headers)).toBe(answer);
  });

  test('a key is explicit, or each request has its own', async () => {
    const host = recordingHost();
    const authorization = `Bearer ${TOKEN_NEW}`;
    const explicit = { 'idempotency-key': 'order-1' };
    for (const headers of [explicit, explicit, {}, {}] as Record<string, string>[])
      expect(await send(verify, { authorization, ...headers }, BODY, host)).toBe('202');
    const [first, second, third, fourth] = host.events.map(({ key }) => key);
    expect([first, second]).toEqual(['order-1', 'order-1']);
    expect(third).not.toBe(fourth);
    expect(host.events[2]).not.toHaveProperty('requestHash');
  });

  test('what is no key is refused', async () => {
    const authorization = `Bearer ${TOKEN_NEW}`;
    expect(await send(verify, { authorization, 'idempotency-key': 'a b' })).toBe('400 InvalidRequest');
    expect(await send(verify, { authorization, 'idempotency-key': 'x'.repeat(256) })).toBe(
      '400 InvalidRequest',
    );
  });
});

describe('rules of your own', () => {
  test('the key that it answers is the key; true is a run each', async () => {
    const host = recordingHost();
    const verify: WebhookOptions<object>['verify'] = ({ headers, body }) =>
      headers['x-good'] === String(body.length) &&
      (headers['x-key'] === undefined || { key: headers['x-key'] });
    const good = { 'x-good': String(BODY.length) };
    expect(await send(verify, { ...good, 'x-key': 'k' }, BODY, host)).toBe('202');
    // A header that nothing vouches for gives no key.
    expect(await send(verify, { ...good, 'idempotency-key': 'k' }, BODY, host)).toBe('202');
    expect(await send(verify, {}, BODY, host)).toBe('401 Unauthenticated');
    expect(host.events).toHaveLength(2);
    expect(host.events[0]!.key).toBe('k');
    expect(host.events[1]!.key).not.toBe('k');
  });

  test('a throw is a refusal, and nobody is told its message', async () => {
    const host = recordingHost();
    const verify = (): never => {
      throw new TypeError('expected signature 5ec2e7');
    };
    expect(await send(verify, {}, BODY, host)).toBe('401 Unauthenticated');
    expect(JSON.stringify(host.lines)).toContain('TypeError');
    expect(JSON.stringify(host.lines)).not.toContain('5ec2e7');
  });
});

test('whoever takes requests from anybody has said so, and the log says so, too', async () => {
  const host = recordingHost();
  expect(await send(false, { 'idempotency-key': 'mine' }, BODY, host)).toBe('202');
  expect(host.events[0]!.key).toBe('mine');
  expect(host.lines.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
    expect.stringContaining('webhook:hook takes requests from anybody'),
  ]);
});

test('secrets come from the environment when the webhook is served, several with spaces between them', async () => {
  const declared = webhook(greet, {
    path: '/hook',
    verify: bearer({ token: { env: 'HOOK_TOKENS' } }),
  });
  const environment = { HOOK_TOKENS: `${TOKEN_NEW} ${TOKEN_OLD}` };
  const handler = handlerOf(recordingHost(), [declared], { environment });
  for (const token of [TOKEN_NEW, TOKEN_OLD])
    expect((await handler.fetch(post('/hook', BODY, { authorization: `Bearer ${token}` }))).status).toBe(202);
  for (const HOOK_TOKENS of [undefined, '', ' ', 'short', `${TOKEN_NEW} short`]) {
    expect(() => handlerOf(recordingHost(), [declared], { environment: { HOOK_TOKENS } })).toThrow(
      expect.objectContaining({ code: 'WeakSecret', message: expect.stringContaining('HOOK_TOKENS') }),
    );
  }
});

test('no answer and no line of the log has a secret, or a signature', async () => {
  const host = recordingHost(() => {
    throw new Error(`nobody knows what is in here: ${TOKEN_NEW}`);
  });
  const cases = [
    [standardWebhooks({ secret: NEW }), standardHeaders(OTHER, BODY)],
    [github({ secret: HUB_NEW }), githubHeaders(HUB_OLD, BODY)],
    [bearer({ token: TOKEN_NEW }), { authorization: `Bearer ${TOKEN_OLD}` }],
    [bearer({ token: TOKEN_NEW }), { authorization: `Bearer ${TOKEN_NEW}` }],
  ] as const;
  const said: string[] = [];
  for (const [verify, headers] of cases) {
    const declared = webhook(greet, { path: '/hook', verify });
    said.push(JSON.stringify(declared), inspect(declared, { depth: 9, showHidden: true }));
    const response = await handlerOf(host, [declared]).fetch(post('/hook', BODY, headers));
    said.push(await response.text(), JSON.stringify([...response.headers]));
  }
  const all = said.join('\n') + JSON.stringify(host.lines);
  const secrets = [NEW, OTHER, HUB_NEW, HUB_OLD, TOKEN_NEW, TOKEN_OLD].map((secret) =>
    secret.replace('whsec_', ''),
  );
  for (const secret of secrets) expect(all).not.toContain(secret);
  expect(all).not.toContain(createHmac('sha256', HUB_OLD).update(BODY).digest('hex'));
});
