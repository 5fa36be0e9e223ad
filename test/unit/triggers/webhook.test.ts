import { inspect } from 'node:util';
import { z } from 'zod';
import {
  bearer,
  github,
  knot,
  standardWebhooks,
  tapestry,
  webhook,
  webhookSignal,
  type WebhookSignalOptions,
} from '../../../src';
import { isTrigger, triggerName } from '../../../src/triggers';
import { thrownBy } from '../../support/thrown-by';

const hello = knot('hello', ({ name }: { name: string }) => `hello ${name}`);
const greet = tapestry('greet', (t) => ({
  greeting: hello({ name: t.parameter('name', z.string()) }, { id: 'hello' }),
}));

const TOKEN = '0123456789abcdef0123456789abcdef';

const declared = (options: object): unknown =>
  thrownBy(() => webhook(greet, { path: '/hook', verify: false, ...options }));

describe('webhook', () => {
  test('is a trigger of its tapestry, with an id from its path and limits by default', () => {
    const made = webhook(greet, { path: '/hooks/github', verify: false });
    expect(isTrigger(made)).toBe(true);
    expect(triggerName(made)).toBe('webhook:hooks-github');
    expect(made.tapestry).toBe(greet);
    expect(made.options).toEqual({
      path: '/hooks/github',
      verify: false,
      body: 'json',
      outputs: true,
      limits: { body: 1_048_576, time: 10_000, window: 100, wait: 60_000 },
    });
  });

  test('takes a burst of one second where a rate says none', () => {
    const { options } = webhook(greet, {
      path: '/hook',
      verify: false,
      limits: { rate: { perSecond: 2.5 } },
    });
    expect(options.limits.rate).toEqual({ perSecond: 2.5, burst: 3 });
  });

  test('must be told who may start runs', () => {
    expect(declared({ verify: undefined })).toMatchObject({
      code: 'InvalidConfig',
      details: { option: 'verify', reason: 'MissingPart' },
      message: expect.stringContaining('`verify: false`'),
    });
    // What looks like a verification has not gone through the checks of one.
    for (const verify of [true, 'bearer', { scheme: 'bearer', secrets: [] }, null])
      expect(declared({ verify })).toMatchObject({ code: 'InvalidConfig', details: { option: 'verify' } });
  });

  test.each([
    '',
    'hook',
    '/',
    '//',
    '/hook/',
    '/a//b',
    '/../b',
    '/a/.',
    '/a b',
    '/a?b=c',
    '/a%2Fb',
    '/*',
    '/:id',
    '/approvals/:run',
    `/${'a'.repeat(200)}`,
    7,
  ])('has no path such as %p', (path) => {
    expect(declared({ path })).toMatchObject({ code: 'InvalidConfig', details: { option: 'path' } });
  });

  test.each([
    [{ body: 'xml' }, 'body'],
    [{ map: 'body' }, 'map'],
    [{ outputs: 'yes' }, 'outputs'],
    [{ verfy: true }, 'verfy'],
    [{ limits: { body: 0 } }, 'limits.body'],
    [{ limits: { body: 17 * 1024 * 1024 } }, 'limits.body'],
    [{ limits: { time: 1.5 } }, 'limits.time'],
    [{ limits: { window: 0 } }, 'limits.window'],
    [{ limits: { wait: -1 } }, 'limits.wait'],
    [{ limits: { rate: { perSecond: 0 } } }, 'limits.rate.perSecond'],
    [{ limits: { rate: { perSecond: 1, burst: 0 } } }, 'limits.rate.burst'],
    [{ limits: { size: 1 } }, 'size'],
  ])('refuses %p', (options, option) => {
    expect(declared(options)).toMatchObject({ code: 'InvalidConfig', details: { option } });
  });

  test('refuses an id that records cannot have, and what is no tapestry', () => {
    expect(declared({ id: '1st' })).toMatchObject({ code: 'InvalidName' });
    expect(declared({ id: 'a'.repeat(101) })).toMatchObject({ code: 'InvalidName' });
    expect(declared({ path: '/1st' })).toMatchObject({ code: 'InvalidName' });
    expect(thrownBy(() => webhook('greet' as never, { path: '/hook', verify: false }))).toMatchObject({
      code: 'InvalidConfig',
    });
  });
});

describe('webhookSignal', () => {
  const signalled = (options: object): unknown =>
    thrownBy(() => webhookSignal('approval', { verify: false, ...options } as WebhookSignalOptions));

  test('gets the run from its path or from a function', () => {
    const byPath = webhookSignal('approval', { path: '/approvals/:run', verify: false });
    expect(triggerName(byPath)).toBe('webhook-signal:approvals');
    expect(byPath.options.signal).toBe('approval');
    expect(byPath.tapestry).toBeUndefined();
    const run = ({ body }: { body: { run: string } }): string => body.run;
    expect(webhookSignal('approval', { path: '/approvals', run, verify: false }).options.run).toBe(run);
  });

  test('refuses one that says no run, or says it twice', () => {
    expect(signalled({ path: '/approvals' })).toMatchObject({
      details: { option: 'run', reason: 'MissingPart' },
    });
    expect(signalled({ path: '/approvals/:run', run: () => 'r' })).toMatchObject({
      details: { option: 'run', reason: 'Conflict' },
    });
    expect(signalled({ path: '/:run/:run' })).toMatchObject({ details: { option: 'path' } });
    expect(thrownBy(() => webhookSignal('no name', { path: '/:run', verify: false }))).toMatchObject({
      code: 'InvalidName',
    });
  });
});

describe('secrets', () => {
  const of = (length: number): string => Buffer.from(TOKEN.repeat(3).slice(0, length)).toString('base64');

  test.each([
    ['standardWebhooks', () => standardWebhooks({ secret: undefined as never })],
    ['standardWebhooks', () => standardWebhooks({ secret: '' })],
    ['standardWebhooks', () => standardWebhooks({ secret: [] })],
    ['standardWebhooks', () => standardWebhooks({ secret: 'whsec_' })],
    ['standardWebhooks', () => standardWebhooks({ secret: `whsec_${of(23)}` })],
    ['standardWebhooks', () => standardWebhooks({ secret: 'whsec_not base64' })],
    ['standardWebhooks', () => standardWebhooks({ secret: `whpk_${of(32)}` })],
    ['standardWebhooks', () => standardWebhooks({ secret: Buffer.alloc(32, 1).toString('base64') })],
    ['standardWebhooks', () => standardWebhooks({ secret: [`whsec_${of(24)}`, ''] })],
    ['github', () => github({ secret: '' })],
    ['github', () => github({ secret: 'fifteen letters' })],
    ['github', () => github({ secret: 'a'.repeat(40) })],
    ['github', () => github({ secret: 5 as never })],
    ['bearer', () => bearer({ token: '' })],
    ['bearer', () => bearer({ token: TOKEN.slice(0, 23) })],
    ['bearer', () => bearer({ token: `${TOKEN} ${TOKEN}` })],
    ['bearer', () => bearer({ token: 'ab'.repeat(20) })],
  ])('a weak one of %s is refused where it is declared (%#)', (what, declare) => {
    expect(thrownBy(declare)).toMatchObject({
      code: 'WeakSecret',
      message: expect.stringMatching(new RegExp(`^${what}: .*openssl rand`)),
    });
  });

  test('good ones are taken, with and without the prefix, and those of the environment are looked at later', () => {
    standardWebhooks({ secret: `whsec_${of(24)}` });
    standardWebhooks({ secret: of(64) });
    github({ secret: 'sixteen letters!' });
    bearer({ token: [TOKEN, { env: 'TOKENS' }] });
  });

  test('a name of the environment must be one', () => {
    for (const env of ['', 'A-B', '1A', 7])
      expect(thrownBy(() => bearer({ token: { env } as never }))).toMatchObject({ code: 'InvalidConfig' });
  });

  test('nothing that prints a declaration prints a secret', () => {
    const made = webhook(greet, { path: '/hook', verify: bearer({ token: TOKEN }) });
    const { verify } = made.options;
    expect(`${JSON.stringify(made)} ${inspect(made, { depth: 10, showHidden: true })}`).not.toContain(TOKEN);
    expect(String((verify as unknown as { secrets: unknown[] }).secrets[0])).toBe('(hidden)');
  });

  test('refuses options that a verification does not have', () => {
    const options = { secret: `whsec_${of(24)}` };
    for (const more of [{ tolerance: 0 }, { tolerance: 3_600_001 }, { headers: 'stripe' }, { token: TOKEN }])
      expect(thrownBy(() => standardWebhooks({ ...options, ...more } as never))).toMatchObject({
        code: 'InvalidConfig',
      });
    expect(thrownBy(() => github('secret' as never))).toMatchObject({ code: 'InvalidConfig' });
  });
});
