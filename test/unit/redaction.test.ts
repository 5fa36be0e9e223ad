import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { knot, map, runLocally, tapestry } from '../../src';
import { createInMemoryBackends } from '../../src/backends/in-memory';
import { openCapsule, writeCapsule } from '../../src/capsule';
import { unpackCapsule } from '../../src/capsule/format';
import { lineLogger, type LogFormat } from '../../src/connection/log-line';
import { logEmitter } from '../../src/emitters';
import { htmlForRun } from '../../src/explorer/html';
import { Plans } from '../../src/operations/plans';
import { callTool, toolsFor } from '../../src/mcp/tools';
import type { ProjectData } from '../../src/operations/surroundings';
import type { Backends } from '../../src/ports';
import type { Json } from '../../src/values';
import { everyItem } from '../../src/ports/parts/every-item';
import { closeAll } from '../support/open-selvage';
import { nobody, openPage } from '../support/page';

/** All secrets of the run begin so. */
const SECRET = 'Zq7sesame';

const login = knot('login', ({ password, to }: { password: string; to: string }, context) => {
  context.logger.info({ apiKey: `${SECRET}-field`, rows: 3 }, `signs in with password=${SECRET}-log`);
  return {
    user: 'Ada',
    passed: password.length,
    auth: { deep: [{ jwt: `${SECRET}-jwt` }] },
    by: new Map([['pwd', `${SECRET}-map`]]),
    dsn: `postgres://app:${SECRET}-dsn@db/${to}`,
    seen: [['Cookie', `${SECRET}-pair`]],
    tokens: 1_500,
  };
});
const fetchToken = knot('fetch', () => `${SECRET}-token`);
const use = knot('use', ({ token }: { token: string }) => token.length);
const fail = knot('fail', ({ n }: { n: number }): number => {
  throw new Error(`${n}: refused Bearer ${SECRET}-bearer`, {
    cause: new TypeError(`no such user in mysql://root:${SECRET}-cause@db`),
  });
});
const numbers = knot('numbers', () => [1, 2]);
const dump = knot('dump', () => new TextEncoder().encode(`DB_PASSWORD=${SECRET}-bytes\n`));

const leaky = tapestry(
  'leaky',
  {
    parameters: {
      password: z.string().default(`${SECRET}-default`),
      author: z.string(),
      config: z.object({ pass: z.string().default(`${SECRET}-schema`) }),
    },
  },
  (_t, { password, author, config }) => ({
    session: login({ password, to: author }, { id: 'session' }),
    length: use({ token: fetchToken({}, { id: 'fetched' }) }, { id: 'length' }),
    failed: map(
      { over: numbers({}, { id: 'numbers' }), each: fail, bind: 'n', onError: 'collect' },
      { id: 'failed' },
    ),
    one: fail({ n: 3 }, { id: 'one' }),
    dump: dump({}, { id: 'dump' }),
    config,
  }),
);

let backends: Backends;
let result: Awaited<ReturnType<typeof runLocally>>;
const lines: string[] = [];
const events: unknown[] = [];

beforeAll(async () => {
  backends = createInMemoryBackends();
  const tell = (fields: object, message: string): unknown => events.push([fields, message]);
  const logger = lineLogger((line) => lines.push(line), { format: 'json', runs: true });
  result = await runLocally(
    leaky,
    { password: `${SECRET}-parameter`, author: 'Grace', config: { pass: `${SECRET}-config` } },
    {
      backends,
      runId: 'leaky',
      logger,
      emitters: [
        logEmitter({
          payloads: true,
          level: 'debug',
          logger: { debug: tell, info: tell, warn: tell, error: tell },
        }),
      ],
    },
  );
});
afterAll(closeAll);

const data = (): ProjectData => ({
  backends,
  reach: nobody,
  project: 'test',
  tapestries: [leaky],
  triggers: [],
  plans: new Plans(backends),
});
const rights = { mayAct: false, isReadOnly: true, maySeeSecrets: false };
const ask = async (name: string, input: object): Promise<Json> =>
  JSON.parse(await callTool(toolsFor(false), { ...data(), caller: rights }, name, { ...input })) as Json;

async function hashes(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { knot_id: id, output_hash: hash, extra } of everyItem((page) =>
    backends.runHistory.findLineage({ ...page }),
  )) {
    if (hash !== null) found.set(id, hash);
    const { log } = extra as { log?: { hash: string } };
    if (log) found.set(`${id}:log`, log.hash);
  }
  return found;
}

describe('no answer to a model has a secret in it', () => {
  test('whole values, of knots, parameters and logs', async () => {
    for (const [id, hash] of await hashes()) {
      for (const input of [{ hash }, { hash, runId: 'leaky' }]) {
        const said = JSON.stringify(await ask('values_show', input));
        expect([id, said]).not.toEqual([id, expect.stringContaining(SECRET)]);
      }
    }
  });

  test('parts of values, by every path that leads anywhere', async () => {
    const paths = (json: Json): (string | number)[][] =>
      typeof json !== 'object' || json === null
        ? [[]]
        : [
            [],
            ...Object.entries(json).flatMap(([name, part]) =>
              paths(part).map((path) => [Array.isArray(json) ? Number(name) : name, ...path]),
            ),
          ];
    let count = 0;
    for (const [id, hash] of await hashes()) {
      if (hash.startsWith('bytes-')) continue;
      const stored = JSON.parse(Buffer.from((await backends.dataStore.get(hash))!).toString()) as Json;
      for (const path of paths(stored)) {
        const said = JSON.stringify(await ask('values_show', { hash, path }));
        expect([id, path, said]).not.toEqual([id, path, expect.stringContaining(SECRET)]);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(30);
    const session = (await hashes()).get('session')!;
    expect(await ask('values_show', { hash: session, path: ['auth', 'deep', 0, 'jwt'] })).toMatchObject({
      text: '[redacted]',
    });
    expect(await ask('values_show', { hash: session, path: ['user'] })).toMatchObject({ text: 'Ada' });
    expect(await ask('values_show', { hash: session, path: ['tokens'] })).toMatchObject({ json: 1_500 });
  });

  test('runs, knots, walks, and what a plan begins with', async () => {
    const said: Json[] = [
      await ask('runs_list', {}),
      await ask('runs_show', { runId: 'leaky' }),
      await ask('lineage_list', { runId: 'leaky' }),
      await ask('tapestries_show', { tapestry: 'leaky' }),
    ];
    for (const [id, hash] of await hashes()) {
      if (id.endsWith(':log')) continue;
      said.push(await ask('lineage_why', { hash }), await ask('lineage_impact', { hash }));
      said.push(await ask('knots_show', { runId: 'leaky', knotId: id }));
    }
    for (const knotId of ['one', 'failed', 'failed[0]', 'session'])
      said.push(await ask('knots_show', { runId: 'leaky', knotId }));
    const text = JSON.stringify(said);
    expect(text).not.toContain(SECRET);
    expect(text).toContain('refused Bearer [redacted]');
    expect(text).toContain('"name":"password","schema":{"default":"[redacted]","type":"string"}');
  });
});

test('the page shows secrets in values, defaults and whole records to who has the token; in errors and logs of knots, to nobody', async () => {
  const page = await openPage({ backends, tapestries: [leaky], isReadOnly: true });
  const session = (await hashes()).get('session')!;
  const asked = async (
    who: 'owner' | 'reader',
    name: 'values.show' | 'project.about' | 'knots.show' | 'lineage.list',
    question: object,
  ): Promise<string> => {
    const headers: Record<string, string> = who === 'owner' ? { authorization: `Bearer ${page.token}` } : {};
    const { status, body } = await page.question(name, question, headers);
    expect(status).toBe(200);
    return body;
  };
  for (const [name, question] of [
    ['values.show', { hash: session }],
    ['project.about', {}],
    ['values.show', { hash: (await hashes()).get('param:password') }],
    ['lineage.list', { runId: 'leaky' }],
  ] as const) {
    expect(await asked('owner', name, question)).toContain(SECRET);
    expect(await asked('reader', name, question)).not.toContain(SECRET);
  }
  for (const who of ['owner', 'reader'] as const) {
    for (const knotId of ['session', 'one']) {
      const said = await asked(who, 'knots.show', { runId: 'leaky', knotId });
      expect(said).toContain('[redacted]');
      expect(said).not.toContain(SECRET);
    }
  }
});

test.each<LogFormat>(['json', 'text', 'short'])('log lines: %s', (format) => {
  const written: string[] = [];
  const logger = lineLogger((line) => written.push(line), { format, runs: true });
  logger.info(
    { runId: 'r', knotId: 'k', password: `${SECRET}-a`, rows: 3, nested: { token: [`${SECRET}-b`] } },
    `Authorization: Basic ${SECRET}`,
  );
  logger.error({ runId: 'r', knotId: 'k', err: new Error(`api_key=${SECRET}`) }, 'failed');
  expect(written.join('\n')).not.toContain(SECRET);
  expect(written[0]).toMatch(/rows"?: ?3/);
  expect(lines.join('\n')).toContain('password=[redacted]');
  expect(lines.join('\n')).not.toContain(SECRET);
});

test('events of emitters, with their payloads', () => {
  // That of "fetched" is secret by the name of an input, of which its event knows nothing.
  const said = JSON.stringify(events).replaceAll(`"value":"${SECRET}-token"`, '');
  expect(events.length).toBeGreaterThan(10);
  expect(said).not.toContain(SECRET);
  expect(said).toContain('"value":"Grace"');
  expect(said).toContain('refused Bearer [redacted]');
});

test('a picture of a run in one file', () => {
  const html = htmlForRun(result);
  const [, packed] = /id="selvage-document">([^<]+)</.exec(html)!;
  const text = gunzipSync(Buffer.from(packed!, 'base64')).toString();
  expect(text).toContain('refused Bearer [redacted]');
  expect(text).not.toContain(SECRET);
});

describe('a capsule', () => {
  test('has none in values and errors, and counts what it left out', async () => {
    const { html, absent, secretConstants } = await writeCapsule(backends, 'leaky');
    const { plans: _, ...document } = unpackCapsule(html, 'test');
    expect(JSON.stringify(document)).not.toContain(SECRET);
    expect(JSON.stringify(document)).toContain('refused Bearer [redacted]');
    const [, packed] = /id="selvage-document">([^<]+)</.exec(html)!;
    expect(gunzipSync(Buffer.from(packed!, 'base64')).toString()).not.toContain(SECRET);
    expect(new Set(absent.map(({ code }) => code))).toEqual(new Set(['Redacted']));
    const all = await hashes();
    for (const id of ['session', 'session:log', 'param:password', 'param:config', 'fetched', 'dump'])
      expect(absent.map(({ hash }) => hash)).toContain(all.get(id));
    expect((await openCapsule(html)).check()).toMatchObject({ leftOut: absent.length });
    expect(secretConstants).toEqual([]);
  });

  test('has them with `secrets`, and the values are as they were', async () => {
    const { html, absent } = await writeCapsule(backends, 'leaky', { secrets: true });
    expect(absent).toEqual([]);
    expect(JSON.stringify(unpackCapsule(html, 'test'))).toContain(SECRET);
  });

  test('names constants that are called like secrets, for plans are not redacted', async () => {
    const fixed = tapestry('fixed', () => ({ length: use({ token: 'fixed' }, { id: 'length' }) }));
    await runLocally(fixed, {}, { backends, runId: 'fixed' });
    expect((await writeCapsule(backends, 'fixed')).secretConstants).toEqual(['length.token']);
  });
});

test('what is stored is as it was, and has the hashes that it had', async () => {
  const said: string[] = [];
  for (const hash of (await hashes()).values())
    said.push(Buffer.from((await backends.dataStore.get(hash))!).toString());
  for (const part of ['parameter', 'config', 'jwt', 'map', 'dsn', 'pair', 'log', 'field', 'token', 'bytes'])
    expect(said.join('\n')).toContain(`${SECRET}-${part}`);
});
