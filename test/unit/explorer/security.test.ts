import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { ProblemDocument } from '../../../src/api/problem-document';
import { uiHandler } from '../../../src/explorer';
import { makePrivateFolder } from '../../../src/node/private-files';
import { toNodeHandler } from '../../../src/serve';
import type { Selvage } from '../../../src/client';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeAll, onClose, temporaryFolder } from '../../support/open-selvage';
import { openPage, quietLogger, send, type Answer, type TestPage } from '../../support/page';

afterEach(closeAll);

const START = { tapestry: 'nothing', parameters: {} };

function codeOf({ body }: Answer): string {
  return (JSON.parse(body) as ProblemDocument).code;
}

async function page(options: Partial<Parameters<typeof openPage>[0]> = {}): Promise<TestPage> {
  return await openPage({ backends: createInMemoryBackends(), ...options });
}

describe('the token', () => {
  test('is not needed to read on loopback, and always to act', async () => {
    const { url, token } = await page();
    expect(await send(`${url}api/v1/project/about`)).toMatchObject({ status: 200 });
    const headers = { 'content-type': 'application/json', 'x-selvage-action': '1' };
    const body = JSON.stringify(START);
    const refused = await send(`${url}api/v1/runs/start`, { method: 'POST', headers, body });
    expect(refused.status).toBe(401);
    expect(codeOf(refused)).toBe('Unauthenticated');
    const wrong = { ...headers, authorization: `Bearer ${token.slice(0, -1)}` };
    expect((await send(`${url}api/v1/runs/start`, { method: 'POST', headers: wrong, body })).status).toBe(
      401,
    );
    // With it, the question is heard: there is no such tapestry.
    const allowed = { ...headers, authorization: `Bearer ${token}` };
    expect(codeOf(await send(`${url}api/v1/runs/start`, { method: 'POST', headers: allowed, body }))).toBe(
      'UnknownTapestry',
    );
  });

  test('is needed to read where other machines can, and wherever it was asked for', async () => {
    for (const options of [{ host: '0.0.0.0' }, { isReadingClosed: true }]) {
      const { url, token, server } = await page(options);
      expect(await send(`${url}api/v1/runs/list`)).toMatchObject({ status: 401 });
      expect(await send(`${url}api/v1/live`)).toMatchObject({ status: 401 });
      expect(
        await send(`${url}api/v1/runs/list`, { headers: { authorization: `Bearer ${token}` } }),
      ).toMatchObject({
        status: 200,
      });
      // The page itself has no data in it.
      expect(await send(url)).toMatchObject({ status: 200 });
      expect(server.isOpenToOthers).toBe('host' in options);
    }
  });

  test('becomes a cookie that no script and no other site has, and leaves the address', async () => {
    const { url, server, token } = await page({ isReadingClosed: true });
    const entered = await send(server.link);
    expect(entered.status).toBe(303);
    expect(entered.headers.location).toBe('/');
    const [set] = entered.headers['set-cookie']!;
    expect(set).toMatch(/; HttpOnly; SameSite=Strict; Path=\/; Max-Age=\d+$/);
    const [cookie] = set!.split(';');
    expect(cookie).toContain(token);
    expect(await send(`${url}api/v1/runs/list`, { headers: { cookie: `other=1; ${cookie}` } })).toMatchObject(
      {
        status: 200,
      },
    );
    const wrong = await send(`${url}?token=${'0'.repeat(token.length)}`);
    expect(wrong.status).toBe(401);
    expect(wrong.headers['set-cookie']).toBeUndefined();
    // It leads nowhere else, whatever the path says.
    const elsewhere = await send(`${url}/evil.example/runs?token=${token}&tag=a`);
    expect(elsewhere.headers.location).toBe('/evil.example/runs?tag=a');
  });

  test("is the same for all pages of a project, in a file that is its owner's alone", async () => {
    const projectDir = await temporaryFolder();
    makePrivateFolder(path.join(projectDir, '.selvage'));
    const [one, other] = await Promise.all([page({ projectDir }), page({ projectDir })]);
    expect(other.token).toBe(one.token);
    expect(statSync(path.join(projectDir, '.selvage', 'ui-token')).mode & 0o777).toBe(0o600);
    // Where there is no project, none is made for it.
    const nowhere = await temporaryFolder();
    expect((await page({ projectDir: nowhere })).token).not.toBe(one.token);
    expect(statSync(path.join(nowhere, '.selvage'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('of a service is kept where it can be looked up, as nobody sees its link', async () => {
    const projectDir = await temporaryFolder();
    const { token } = await page({ projectDir, isService: true });
    expect(readFileSync(path.join(projectDir, '.selvage', 'ui-token'), 'utf8').trim()).toBe(token);
  });
});

describe('other sites', () => {
  test('that let their name lead here get nothing (DNS rebinding)', async () => {
    const { url, token } = await page();
    const { port } = new URL(url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      const headers = { host, authorization: `Bearer ${token}` };
      for (const path of ['', 'api/v1/project/about', 'api/v1/live', `?token=${token}`]) {
        const answer = await send(`${url}${path}`, { headers });
        expect(answer).toMatchObject({ status: 403 });
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
    }
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect(await send(`${url}api/v1/project/about`, { headers: { host } })).toMatchObject({ status: 200 });
  });

  test('behind a proxy it has the names that it is given, and reading needs the token', async () => {
    const { url, token } = await page({ hosts: ['Runs.example.com'] });
    const own = {
      host: 'runs.example.com',
      'sec-fetch-site': 'same-origin',
      origin: 'https://runs.example.com',
    };
    const answer = (headers: Readonly<Record<string, string>>): Promise<Answer> =>
      send(`${url}api/v1/project/about`, { headers });
    expect(await answer(own)).toMatchObject({ status: 401 });
    const authorization = `Bearer ${token}`;
    expect(await answer({ ...own, authorization })).toMatchObject({ status: 200 });
    const entered = await send(`${url}?token=${token}`, { headers: { host: own.host } });
    expect(entered).toMatchObject({ status: 303, headers: { location: '/' } });
    for (const host of ['example.com', 'evil.runs.example.com', 'runs.example.com.evil.example'])
      expect(await answer({ ...own, host, authorization })).toMatchObject({ status: 403 });
  });

  test('cannot read with the cookie of a user, and are told nothing', async () => {
    const { url } = await page();
    const foreign: readonly Readonly<Record<string, string>>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:1' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      const answer = await send(`${url}api/v1/project/about`, { headers });
      expect(answer.status).toBe(403);
      expect(codeOf(answer)).toBe('CrossSiteRequest');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    const own = { 'sec-fetch-site': 'same-origin', origin: url.slice(0, -1) };
    expect(await send(`${url}api/v1/project/about`, { headers: own })).toMatchObject({ status: 200 });
  });

  test('cannot act by a form, by a link or by a script (CSRF)', async () => {
    const opened = await page();
    const { url, token } = opened;
    const cookie = `selvage_page_${new URL(url).port}=${token}`;
    const body = JSON.stringify(START);
    const form = { cookie, 'content-type': 'application/x-www-form-urlencoded' };
    const text = { cookie, 'content-type': 'text/plain' };
    for (const headers of [form, text, { cookie, 'content-type': 'application/json' }])
      expect(await send(`${url}api/v1/runs/start`, { method: 'POST', headers, body })).toMatchObject({
        status: 403,
      });
    const typed = { ...text, 'x-selvage-action': '1' };
    expect(codeOf(await send(`${url}api/v1/runs/start`, { method: 'POST', headers: typed, body }))).toBe(
      'UnsupportedMediaType',
    );
    expect(await opened.post('runs.start', START, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
    });
    expect(
      await send(`${url}api/v1/runs/start?q=${encodeURIComponent(body)}`, { headers: { cookie } }),
    ).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    });
    // A browser asks before it lets a script send the header, and hears no.
    expect(
      await send(`${url}api/v1/runs/start`, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example' },
      }),
    ).toMatchObject({
      status: 405,
    });
  });

  test('cannot frame the page, and the page loads nothing from elsewhere and runs nothing inline', async () => {
    const { url } = await page();
    for (const path of ['', 'runs/a/b', 'app.js', 'api/v1/project/about', 'nothing.js']) {
      const { headers } = await send(`${url}${path}`);
      const policy = headers['content-security-policy'] as string;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    }
    const document = await send(`${url}runs/x`);
    expect(document.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(document.body).not.toMatch(/<script>|style="|https?:/);
    expect(await send(`${url}api/v1/project/about`)).toMatchObject({
      headers: { 'cache-control': 'no-store' },
    });
  });
});

describe('requests', () => {
  test('reach no file but those of the page', async () => {
    const { url } = await page();
    for (const path of [
      '../package.json',
      '..%2f..%2fpackage.json',
      'page-files/app.js',
      '%2e%2e/app.js.map',
      'app.js.map',
    ]) {
      const answer = await send(`${url}${path}`);
      expect([404, 200]).toContain(answer.status);
      expect(answer.body).not.toContain('"dependencies"');
      if (answer.status === 200) expect(answer.headers['content-type']).toContain('text/html');
    }
    expect(await send(`${url}app.js`)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8' },
    });
  });

  test('that are malformed or too long are refused with a code', async () => {
    const opened = await page();
    const { url, token } = opened;
    const asked = async (text: string): Promise<Answer> =>
      await send(`${url}api/v1/runs/list/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: text,
      });
    for (const text of [
      '{',
      '[]',
      '{"limit":1001}',
      '{"limit":0}',
      '{"status":"<b>"}',
      '{"toString":1}',
      '"\\u0000"',
    ])
      expect(codeOf(await asked(text))).toBe('InvalidRequest');
    expect(codeOf(await asked('{"cursor":"; drop table"}'))).toBe('InvalidQuery');
    expect(codeOf(await send(`${url}api/constructor`))).toBe('UnknownPath');
    const long = await send(`${url}api/v1/runs/start`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-selvage-action': '1',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ ...START, parameters: { text: 'a'.repeat(5 * 1024 * 1024) } }),
    });
    expect(codeOf(long)).toBe('RequestTooLarge');
    expect(await send(`${url}api/v1/project/about`)).toMatchObject({ status: 200 });
  });

  test('of a page that is for reading alone change nothing', async () => {
    const opened = await page({ isReadOnly: true });
    const refused = await opened.post('runs.start', START);
    expect(refused.status).toBe(403);
    expect(codeOf(refused)).toBe('UiReadOnly');
    expect(await opened.ask('project.about', {})).toMatchObject({
      abilities: { act: false, readOnly: true },
    });
  });

  test('that a server would have to answer are refused while it is away; what is on record is told', async () => {
    const opened = await page();
    for (const [name, ask] of [
      ['runs.cancel', { runId: 'r' }],
      ['runs.signal', { runId: 'r', signal: 's', payload: null }],
    ] as const) {
      const answer = await opened.post(name, ask);
      expect(answer.status).toBe(503);
      expect(codeOf(answer)).toBe('ServerUnreachable');
    }
    expect(await opened.ask('runs.list', {})).toEqual({ items: [] });
    expect(codeOf(await opened.question('schedules.list'))).toBe('ServerUnreachable');
    expect(codeOf(await opened.question('runs.show', { runId: 'r' }))).toBe('UnknownRun');
  });
});

describe("in a server of one's own", () => {
  const selvage = { backends: createInMemoryBackends(), projectDir: '/tmp/shop' } as unknown as Selvage;

  async function mounted(
    options: Partial<Parameters<typeof uiHandler>[0]> = {},
    at = '',
  ): Promise<{ readonly url: string; readonly asked: string[] }> {
    const asked: string[] = [];
    const handler = uiHandler({
      selvage,
      logger: quietLogger,
      authenticate: (request) => {
        asked.push(request.headers.get('x-user') ?? '');
        const user = request.headers.get('x-user');
        return user === null ? undefined : { mayRead: true, mayAct: user === 'anna', actor: user };
      },
      ...options,
    });
    const answer = toNodeHandler(handler);
    const server = createServer((incoming, outgoing) => {
      // As express and connect do where something is mounted.
      if (at !== '') {
        incoming.url = incoming.url!.slice(at.length) || '/';
        Object.assign(incoming, { baseUrl: at });
      }
      answer(incoming, outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onClose(async () => {
      handler.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test('its own authentication says who may do what', async () => {
    const { url, asked } = await mounted({ basePath: '/selvage' });
    expect(await send(`${url}/selvage/api/v1/project/about`)).toMatchObject({ status: 401 });
    const bert = await send(`${url}/selvage/api/v1/project/about`, { headers: { 'x-user': 'bert' } });
    expect(JSON.parse(bert.body)).toMatchObject({ project: 'shop', abilities: { act: false } });
    const headers = { 'x-user': 'bert', 'x-selvage-action': '1', 'content-type': 'application/json' };
    const act = { method: 'POST', body: JSON.stringify(START) };
    expect(await send(`${url}/selvage/api/v1/runs/start`, { ...act, headers })).toMatchObject({
      status: 401,
    });
    const anna = await send(`${url}/selvage/api/v1/runs/start`, {
      ...act,
      headers: { ...headers, 'x-user': 'anna' },
    });
    expect(codeOf(anna)).toBe('UnknownTapestry');
    expect(asked).toEqual(['', 'bert', 'bert', 'anna']);
    expect(await send(`${url}/other`)).toMatchObject({ status: 404 });
  });

  test('it knows where it is, whoever cuts the path', async () => {
    const whole = await mounted({ basePath: '/selvage/' });
    expect((await send(`${whole.url}/selvage/runs/a`)).body).toContain('<base href="/selvage/">');
    expect(await send(`${whole.url}/selvage/app.js`)).toMatchObject({ status: 200 });
    const cut = await mounted({}, '/tools/a&b');
    expect((await send(`${cut.url}/tools/a&b/runs/a`)).body).toContain('<base href="/tools/a&amp;b/">');
  });

  test('names under which it may be called can be given', async () => {
    const { url } = await mounted({ hosts: ['shop.example'] });
    const headers = { 'x-user': 'bert' };
    expect(await send(`${url}/api/v1/project/about`, { headers })).toMatchObject({ status: 403 });
    expect(
      await send(`${url}/api/v1/project/about`, { headers: { ...headers, host: 'Shop.example' } }),
    ).toMatchObject({
      status: 200,
    });
  });
});
