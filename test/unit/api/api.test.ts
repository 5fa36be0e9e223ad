import { createConfig, lintFromString } from '@redocly/openapi-core';
import { openApi } from '../../../src/api/open-api';
import type { ProblemDocument } from '../../../src/api/problem-document';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { docsOf, type ErrorCode } from '../../../src/errors';
import { OPERATIONS } from '../../../src/operations';
import { closeAll } from '../../support/open-selvage';
import { openPage, quietLogger, send, type Answer } from '../../support/page';

afterEach(closeAll);

function problemIn({ headers, body }: Answer): ProblemDocument {
  expect(headers['content-type']).toBe('application/problem+json');
  return JSON.parse(body) as ProblemDocument;
}

test('the OpenAPI document is valid, and has each operation once', async () => {
  const document = openApi(OPERATIONS);
  const config = await createConfig({ extends: ['spec'] });
  expect(await lintFromString({ source: JSON.stringify(document), config })).toEqual([]);
  const { schemas } = (document as { components: { schemas: object } }).components;
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref!);
  const names = Object.keys(schemas).map((name) => `#/components/schemas/${name}`);
  expect(refs.filter((ref) => !names.includes(ref))).toEqual([]);
  const { paths } = document as { paths: Record<string, Record<string, { operationId: string }>> };
  const ids = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(ids.sort()).toEqual(OPERATIONS.map(({ name }) => name.replace('.', '_')).sort());
});

test('the document is served to who may read', async () => {
  const page = await openPage({ backends: createInMemoryBackends(), isReadingClosed: true });
  expect((await send(`${page.url}api/v1/openapi.json`)).status).toBe(401);
  const { status, body } = await send(`${page.url}api/v1/openapi.json`, {
    headers: { authorization: `Bearer ${page.token}` },
  });
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ openapi: '3.1.1' });
});

test.each<[string, string, number, string]>([
  ['GET', 'runs/waiting?by=hour', 400, 'InvalidRequest'],
  ['GET', 'runs/waiting?limit=many', 400, 'InvalidRequest'],
  ['GET', 'runs/waiting?limit=1&limit=2', 400, 'InvalidRequest'],
  ['GET', 'runs/waiting?nothing=1', 400, 'InvalidRequest'],
  ['GET', 'runs/waiting?since=yesterday', 400, 'InvalidRequest'],
  // What cannot be narrowed so is refused, and not answered as if it had been.
  ['GET', 'runs/waiting?partition=a', 400, 'InvalidRequest'],
  ['GET', 'versions/list?partition=a', 400, 'InvalidRequest'],
  ['POST', 'runs/waiting', 405, 'MethodNotAllowed'],
  ['GET', 'runs/nothing', 404, 'UnknownPath'],
  ['GET', 'runs/__proto__', 404, 'UnknownPath'],
  // Only the server knows.
  ['GET', 'runs/waiting?limit=7&since=2h', 503, 'ServerUnreachable'],
  ['GET', 'runs/waiting?within=3000&since=1700000000000', 503, 'ServerUnreachable'],
])('%s %s is refused with %i %s', async (method, path, status, code) => {
  const page = await openPage({ backends: createInMemoryBackends() });
  const answer = await send(`${page.url}api/v1/${path}`, { method });
  expect(problemIn(answer)).toMatchObject({ status, code, type: docsOf(code as ErrorCode) });
  expect(answer.status).toBe(status);
});

test('a question that is asked by POST is checked as one in the URL', async () => {
  const page = await openPage({ backends: createInMemoryBackends() });
  const ask = async (body: string): Promise<ProblemDocument> =>
    problemIn(await send(`${page.url}api/v1/runs/waiting/query`, { method: 'POST', body }));
  expect(await ask('{"limit":"7"}')).toMatchObject({ code: 'InvalidRequest' });
  expect(await ask('{"limit":')).toMatchObject({ code: 'InvalidRequest' });
  expect(await ask('{"limit":7}')).toMatchObject({ code: 'ServerUnreachable' });
});

test('an answer that the caller has is not sent again', async () => {
  const page = await openPage({ backends: createInMemoryBackends() });
  const url = `${page.url}api/v1/runs/list`;
  const { status, headers } = await send(url);
  expect(status).toBe(200);
  const again = await send(url, { headers: { 'if-none-match': `"other", ${headers.etag!}` } });
  expect(again).toMatchObject({ status: 304, body: '' });
  expect(await send(url, { headers: { 'if-none-match': '"other"' } })).toMatchObject({ status: 200 });
});

test('an act that is asked with no object, or with what no run can be called, is refused and on record', async () => {
  const backends = createInMemoryBackends();
  const page = await openPage({ backends });
  const act = async (body: string): Promise<ProblemDocument> =>
    problemIn(
      await send(`${page.url}api/v1/runs/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${page.token}`, 'content-type': 'application/json' },
        body,
      }),
    );
  for (const body of ['null', '{"runId":"a\\u0000"}', JSON.stringify({ runId: 'x'.repeat(100_000) })])
    expect(['InvalidRequest', 'ServerUnreachable']).toContain((await act(body)).code);
  const { items } = await backends.startLedger.list();
  expect(items.map(({ runId }) => runId)).toEqual(['', '', '']);
});

test.each<[string, object, Record<string, string>, string]>([
  // An act that would be done again is refused before anything is done.
  ['runs/resume', { runId: 'x' }, { 'idempotency-key': 'once' }, 'InvalidRequest'],
  ['runs/cancel', { runId: 'x' }, { 'idempotency-key': 'once' }, 'ServerUnreachable'],
  ['runs/start', { tapestry: 'nothing', parameters: {} }, { 'idempotency-key': 'once' }, 'UnknownTapestry'],
  ['runs/cancel', { runId: 'x' }, { 'content-type': 'text/plain' }, 'UnsupportedMediaType'],
])('an act by a bearer: %s of %j with %j is %s', async (path, ask, headers, code) => {
  const notes: object[] = [];
  const logger = { ...quietLogger, info: (note: object) => void notes.push(note) };
  const backends = createInMemoryBackends();
  const page = await openPage({ backends, logger });
  const answer = await send(`${page.url}api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${page.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(ask),
  });
  expect(problemIn(answer)).toMatchObject({ code });
  const isTold = code === 'ServerUnreachable' || code === 'UnknownTapestry';
  expect(notes).toEqual(
    isTold ? [expect.objectContaining({ act: path.replace('/', '.'), refused: code })] : [],
  );
  expect((await backends.startLedger.list()).items).toEqual(
    isTold
      ? [
          expect.objectContaining({
            trigger: `act:${path.replace('/', '.')}`,
            runId: (ask as { runId?: string }).runId ?? '',
            event: { actor: expect.any(String), from: '127.0.0.1', refused: code },
            startedAt: expect.any(Number),
          }),
        ]
      : [],
  );
  // It has started nothing, so it is no trigger.
  expect(await page.ask('triggers.list', {})).toMatchObject({ items: [] });
});
