import { HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';

import { createWebhookEmitter, type WebhookEmitterParts } from '../../../../src/adapters/webhook/emitter';
import { webhookEmitter, type Emitter, type WebhookEmitterOptions } from '../../../../src/emitters';
import { Retryable } from '../../../../src/errors';
import { listening } from '../../../support/listening';
import { Receiver, type AnswerRequest } from '../../../support/receiver';
import { refusal } from '../../../support/refusal';
import { rejectionOf } from '../../../support/rejection-of';
import { sampleRun, type SampleRun } from '../../../support/run-events';
import { thrownBy } from '../../../support/thrown-by';
import { until } from '../../../support/until';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

let run: SampleRun;
const open: { close?(): Promise<void> }[] = [];
beforeAll(async () => {
  run = await sampleRun();
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close?.();
});

async function receiver(answer?: AnswerRequest): Promise<Receiver> {
  const made = await Receiver.open(answer);
  open.push(made);
  return made;
}

function emitter(
  url: WebhookEmitterOptions['url'],
  options: Partial<WebhookEmitterOptions> = {},
  parts?: WebhookEmitterParts,
): Emitter {
  const all = { url, secret: SECRET, allowPrivateNetworks: true, ...options } as WebhookEmitterOptions;
  const made = createWebhookEmitter(webhookEmitter(all), parts);
  open.push(made);
  return made;
}

const idsOf = ({ requests }: Receiver): string[] =>
  requests.map(({ body }) => (JSON.parse(body) as { id: string }).id);
const ids = (): string[] => run.events.map(({ id }) => id);

describe('what is sent', () => {
  test('a signed CloudEvent for each event, in order, over one connection', async () => {
    const hook = await receiver();
    await emitter(hook.url, { headers: { Authorization: 'Bearer token' } }).deliver(
      run.events,
      run.context(),
    );
    expect(idsOf(hook)).toEqual(ids());
    expect(hook.connections).toBe(1);
    for (const { headers, body, method } of hook.requests) {
      expect(method).toBe('POST');
      expect(headers['authorization']).toBe('Bearer token');
      // The official packages check signatures and events.
      const verified = new Webhook(SECRET).verify(body, headers);
      expect(() => new Webhook(OTHER).verify(body, headers as Record<string, string>)).toThrow();
      const event = HTTP.toEvent({ headers, body });
      expect(event).toMatchObject({ id: (verified as { id: string }).id, specversion: '1.0' });
    }
  });

  test('ids of requests are those of events: the same again, and without a full stop', async () => {
    const hook = await receiver();
    const two = [emitter(hook.url), emitter(hook.url)];
    for (const one of two) await one.deliver(run.events, run.context());
    const told = hook.requests.map(({ headers }) => headers['webhook-id']!);
    expect(new Set(told).size).toBe(run.events.length);
    expect(told.slice(0, run.events.length)).toEqual(told.slice(run.events.length));
    for (const id of told) expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
  });

  test('all at once, where asked', async () => {
    const hook = await receiver();
    await emitter(hook.url, { batch: true, payloads: true }).deliver(run.events, run.context());
    const [{ headers, body }, ...others] = hook.requests as [(typeof hook.requests)[0]];
    expect(others).toEqual([]);
    new Webhook(SECRET).verify(body, headers);
    const events = HTTP.toEvent({ headers, body });
    expect((events as { id: string }[]).map(({ id }) => id)).toEqual(ids());
    expect(body).toContain('"value":"A"');
  });

  test('secrets of the environment, several while they change; the address, too', async () => {
    const hook = await receiver();
    const environment = { HOOK_URL: hook.url, HOOK_SECRETS: `${SECRET} ${OTHER}`, TOKEN: 'Bearer env' };
    const options = { secret: { env: 'HOOK_SECRETS' }, headers: { authorization: { env: 'TOKEN' } } };
    await emitter({ env: 'HOOK_URL' }, options, { environment }).deliver(run.events, run.context());
    const { headers, body } = hook.requests[0]!;
    for (const secret of [SECRET, OTHER]) new Webhook(secret).verify(body, headers);
    expect(headers['authorization']).toBe('Bearer env');
  });

  test('unsigned, if so said', async () => {
    const hook = await receiver();
    await emitter(hook.url, { secret: false }).deliver(run.events, run.context());
    expect(hook.requests[0]!.headers).toHaveProperty('webhook-id');
    expect(hook.requests[0]!.headers).not.toHaveProperty('webhook-signature');
  });

  test.each([
    ['no address', { url: { env: 'NONE' } }, refusal('InvalidConfig', 'NONE')],
    [
      'no safe address',
      { url: { env: 'PLAIN' }, allowPrivateNetworks: false },
      refusal('InvalidConfig', 'PLAIN'),
    ],
    ['no secret', { secret: { env: 'NONE' } }, refusal('WeakSecret', 'NONE')],
    ['no header', { headers: { a: { env: 'BROKEN' } } }, refusal('InvalidConfig', 'BROKEN')],
  ])('%s in the environment', (_, options, expected) => {
    const environment = { PLAIN: 'http://a.example/secret-path', BROKEN: 'a\nb: c' };
    const error = thrownBy(() => emitter('https://a.example', options, { environment }));
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain('secret-path');
  });
});

describe('a receiver in trouble', () => {
  test.each([400, 401, 404, 422, 500, 502, 503])(
    'an answer of %i fails, and what was taken does not come again when it is over',
    async (status) => {
      const hook = await receiver(
        (_, response, index) => void response.writeHead(index === 2 ? status : 200).end(),
      );
      const one = emitter(hook.url);
      const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
      expect(error).toMatchObject(refusal('ReceiverUnavailable', `answered ${status}`));
      expect(error.message).not.toContain('/hook');
      await one.deliver(run.events, run.context({ attempt: 1 }));
      expect(idsOf(hook)).toEqual([...ids().slice(0, 3), ...ids().slice(2)]);
    },
  );

  test('another process, which knows nothing of it, sends all again, with the same ids', async () => {
    const hook = await receiver(
      (_, response, index) => void response.writeHead(index === 2 ? 500 : 200).end(),
    );
    await rejectionOf(Promise.resolve(emitter(hook.url).deliver(run.events, run.context())));
    await emitter(hook.url).deliver(run.events, run.context());
    expect(idsOf(hook)).toEqual([...ids().slice(0, 3), ...ids()]);
  });

  test.each([
    ['seconds', '7', 7_000],
    ['a date', new Date(Date.now() + 600_000).toUTCString(), 600_000],
    ['a day', '86400', 3_600_000],
    ['at once', '0', 1_000],
    ['nonsense', 'soon', undefined],
  ])('it says by %s when to come again', async (_, header, expected) => {
    const hook = await receiver(
      (__, response) => void response.writeHead(503, { 'retry-after': header }).end(),
    );
    const delivery = Promise.resolve(emitter(hook.url).deliver(run.events, run.context()));
    const error: unknown = await delivery.catch((failure: unknown) => failure);
    expect((error as Error).message).toContain('answered 503');
    expect(Retryable.is(error)).toBe(expected !== undefined);
    if (Retryable.is(error)) expect(Math.abs(Number(error.after) - expected!)).toBeLessThan(60_000);
  });

  test('410: it is gone, and the emitter is to be disabled', async () => {
    const hook = await receiver((_, response) => void response.writeHead(410).end());
    expect(await emitter(hook.url).deliver(run.events, run.context())).toEqual({
      disable: expect.stringContaining('answered 410') as string,
    });
    expect(hook.requests).toHaveLength(1);
  });

  test('a replay sends again what an attempt before it has delivered', async () => {
    const hook = await receiver(
      (_, response, index) => void response.writeHead(index === 2 ? 500 : 200).end(),
    );
    const one = emitter(hook.url);
    await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    await one.deliver(run.events, run.context({ attempt: 0 }));
    expect(idsOf(hook)).toEqual([...ids().slice(0, 3), ...ids()]);
  });

  test.each([false, true])('413: that event is rejected, and no other (batch: %s)', async (batch) => {
    const poison = run.events[2]!.id;
    const taken: string[] = [];
    const hook = await receiver(({ body }, response) => {
      const events = [JSON.parse(body)].flat() as { id: string }[];
      const isTaken = !events.some(({ id }) => id === poison);
      if (isTaken) taken.push(...events.map(({ id }) => id));
      response.writeHead(isTaken ? 200 : 413).end();
    });
    const delivery = await emitter(hook.url, { batch }).deliver(run.events, run.context());
    expect(delivery).toEqual({
      rejected: [{ id: poison, reason: expect.stringContaining('413') as string }],
    });
    expect(taken).toEqual(ids().filter((id) => id !== poison));
  });

  test('one that never answers is given up after `requestTimeout`', async () => {
    const hook = await receiver(() => {});
    const error = await rejectionOf(
      Promise.resolve(emitter(hook.url, { requestTimeout: 50 }).deliver(run.events, run.context())),
    );
    expect(error).toMatchObject(refusal('ReceiverUnavailable', 'not answered within 50 ms'));
    await until('its connection is closed', async () => (await countOf(hook)) === 0);
  });

  test('one that takes the connection and says nothing, and one that resets it', async () => {
    const silent = await listening();
    const resets = await listening((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    open.push(silent, resets);
    const to = async (port: number): Promise<unknown> =>
      await rejectionOf(
        Promise.resolve(
          emitter(`http://127.0.0.1:${port}/`, { requestTimeout: 100 }).deliver(run.events, run.context()),
        ),
      );
    expect(await to(silent.port)).toMatchObject(refusal('ReceiverUnavailable', 'not answered within'));
    expect(await to(resets.port)).toMatchObject(refusal('ReceiverUnavailable', 'ECONNRESET'));
    await silent.close();
    expect(await to(silent.port)).toMatchObject(refusal('ReceiverUnavailable', 'ECONNREFUSED'));
  });

  test('an endless answer is not read', async () => {
    let written = 0;
    const hook = await receiver((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 16_384;
      };
      response.on('drain', more);
      more();
    });
    await emitter(hook.url).deliver(run.events.slice(0, 1), run.context());
    await until('its connection is closed', async () => (await countOf(hook)) === 0);
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  test('a kept connection that the receiver has closed costs nothing', async () => {
    const hook = await receiver();
    const one = emitter(hook.url);
    await one.deliver(run.events.slice(0, 1), run.context());
    hook.dropConnections();
    await one.deliver(run.events.slice(1), run.context());
    expect(idsOf(hook)).toEqual(ids());
  });

  test('an abort ends the request that is under way', async () => {
    const stop = new AbortController();
    const hook = await receiver(() => stop.abort(new Error('stopped')));
    const delivery = emitter(hook.url).deliver(run.events, run.context({ signal: stop.signal }));
    await expect(delivery).rejects.toThrow('stopped');
    expect(hook.requests).toHaveLength(1);
  });
});

const countOf = (hook: Receiver): Promise<number> => hook.openConnections();

describe('requests into private networks', () => {
  /** Reached only by mistake. */
  const inside = async (): Promise<Receiver> => await receiver();
  const answers =
    (...addresses: readonly string[]) =>
    (): Promise<{ address: string; family: number }[]> =>
      Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://168.63.129.16/',
    'https://100.100.100.200/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::7f00:1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://0/',
  ])('%s is refused when it is opened', (url) => {
    expect(thrownBy(() => emitter(url, { allowPrivateNetworks: false })).code).toBe('AddressNotAllowed');
  });

  test.each([
    ['of this machine', ['127.0.0.1']],
    ['of a private network', ['192.168.1.1']],
    ['of metadata', ['169.254.169.254']],
    ['of IPv4 in IPv6', ['::ffff:169.254.169.254']],
    ['one of several', ['8.8.8.8', '10.0.0.1']],
  ])('a name that leads to an address %s is refused, and nobody is connected to', async (_, addresses) => {
    const hook = await inside();
    const one = emitter(
      `https://hooks.example:${hook.port}/`,
      { allowPrivateNetworks: false },
      { resolve: answers(...addresses) },
    );
    const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    expect(error).toMatchObject(refusal('AddressNotAllowed', `hooks.example leads to ${addresses.at(-1)}`));
    expect(hook.connections).toBe(0);
  });

  test('localhost is refused by what it resolves to here', async () => {
    const one = emitter('https://localhost/', { allowPrivateNetworks: false });
    const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    expect(error.code).toBe('AddressNotAllowed');
  });

  test('the connection goes to the address that was judged, whatever the name leads to next', async () => {
    const hook = await inside();
    const allowed = await Receiver.open(undefined, '127.0.0.2', hook.port);
    open.push(allowed);
    let asked = 0;
    const one = emitter(
      `http://hooks.example:${hook.port}/`,
      {},
      {
        isAllowed: (address) => address === '127.0.0.2',
        resolve: () => answers(asked++ === 0 ? '127.0.0.2' : '127.0.0.1')(),
      },
    );
    await one.deliver(run.events.slice(0, 1), run.context());
    expect([asked, allowed.requests.length]).toEqual([1, 1]);
    expect(allowed.requests[0]!.headers['host']).toBe(`hooks.example:${hook.port}`);
    // A new connection asks again, and judges the new answer.
    allowed.dropConnections();
    const error = await until('it is refused', async () => {
      const again = one.deliver(run.events.slice(1), run.context());
      return await Promise.resolve(again).then(
        () => undefined,
        (failure: unknown) => failure,
      );
    });
    expect(error).toMatchObject(refusal('AddressNotAllowed', '127.0.0.1'));
    expect(hook.connections).toBe(0);
  });

  test.each([301, 302, 303, 307, 308])(
    'a redirect (%i) is a failure, and is not followed',
    async (status) => {
      const target = await inside();
      const hook = await receiver(
        (_, response) => void response.writeHead(status, { location: target.url }).end(),
      );
      const error = await rejectionOf(Promise.resolve(emitter(hook.url).deliver(run.events, run.context())));
      expect(error).toMatchObject(refusal('ReceiverUnavailable', 'a redirect, which is not followed'));
      expect(target.requests).toEqual([]);
    },
  );
});
