import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RemoteApi, tokenOf } from '../../../src/api/remote';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { BY_NAME } from '../../../src/operations';
import type { Operation } from '../../../src/operations/operation';
import { closeAll, onClose, temporaryFolder } from '../../support/open-selvage';
import { openPage } from '../../support/page';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

afterEach(closeAll);
const LIST = BY_NAME.get('runs.list') as Operation;

/** What answers like this to everything; and what it was asked. */
async function answering(
  status: number,
  headers: Record<string, string>,
  body: string,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onClose(async () => await new Promise((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

test('an act without a token, and a question with a wrong one, are refused as there', async () => {
  const page = await openPage({ backends: createInMemoryBackends(), isReadingClosed: true });
  const asStranger = new RemoteApi({ url: page.url });
  await expect(
    asStranger.invoke(BY_NAME.get('runs.cancel') as Operation, { runId: 'x' }),
  ).rejects.toMatchObject({
    code: 'Unauthenticated',
  });
  await expect(new RemoteApi({ url: page.url, token: 'wrong' }).invoke(LIST, {})).rejects.toMatchObject({
    code: 'Unauthenticated',
  });
  expect(await new RemoteApi({ url: page.url, token: page.token }).invoke(LIST, {})).toEqual({ items: [] });
});

test.each([
  '',
  'selvage',
  'ftp://host/',
  'http://',
  'https://ada:hunter2@host/',
  'localhost:4480/?token=hunter2',
])('%j is no address, and nothing of it is told', (url) => {
  expect(() => new RemoteApi({ url })).toThrow(
    expect.objectContaining({
      code: 'InvalidAddress',
      message: expect.not.stringContaining('hunter2') as string,
      details: {},
    }) as Error,
  );
});

test.each([
  ['two\nlines', 'https://host/'],
  ['secret', 'http://host.example/'],
])('the token %j is not sent to %s', (token, url) => {
  expect(() => new RemoteApi({ url, token })).toThrow(
    expect.objectContaining({
      code: 'InvalidConfig',
      message: expect.not.stringContaining(token) as string,
    }) as Error,
  );
});

test.each([
  ['https://host/selvage?x=1', 'https://host/selvage/api/v1/'],
  ['https://host/selvage/#/runs', 'https://host/selvage/api/v1/'],
  ['http://[::1]:4480', 'http://[::1]:4480/api/v1/'],
])('the API of %s is at %s', (url, address) => {
  expect(new RemoteApi({ url, token: 't' }).address).toBe(address);
});

test('where nothing listens, or something else, it says so with the address', async () => {
  const { url } = await answering(200, { 'content-type': 'text/html' }, '<html>');
  const unreachable = { code: 'ServerUnreachable', details: { away: true } };
  await expect(new RemoteApi({ url }).invoke(LIST, {})).rejects.toMatchObject({
    ...unreachable,
    message: expect.stringContaining(
      `${url}api/v1/ answers 200, and is no API of this version of Selvage`,
    ) as string,
  });
  await expect(new RemoteApi({ url: 'http://127.0.0.1:1' }).invoke(LIST, {})).rejects.toMatchObject({
    ...unreachable,
    message: expect.stringContaining('http://127.0.0.1:1/api/v1/ does not answer') as string,
  });
});

test('a token is not sent to where an answer leads', async () => {
  const thief = await answering(200, {}, '{}');
  const { url, asked } = await answering(302, { location: thief.url }, '');
  await expect(new RemoteApi({ url: `${url}below`, token: 't' }).invoke(LIST, {})).rejects.toMatchObject({
    code: 'ServerUnreachable',
  });
  expect([asked, thief.asked]).toEqual([['POST /below/api/v1/runs/list/query Bearer t'], []]);
});

test('a code of a newer version is told', async () => {
  const { url } = await answering(
    400,
    {},
    JSON.stringify({ code: 'NotYetThought', detail: 'No.', details: { a: 1 } }),
  );
  await expect(new RemoteApi({ url }).invoke(LIST, {})).rejects.toMatchObject({
    code: 'InternalError',
    message: 'NotYetThought: No.',
    details: { a: 1 },
  });
});

test('the token is in a variable, or in a file that another one names', async () => {
  const file = path.join(await temporaryFolder(), 'token');
  writeFileSync(file, 'from-file\n');
  expect(tokenOf({ SELVAGE_TOKEN: 'said', SELVAGE_TOKEN_FILE: file })).toBe('said');
  expect(tokenOf({ SELVAGE_TOKEN: '', SELVAGE_TOKEN_FILE: file })).toBe('from-file');
  expect(tokenOf({})).toBeUndefined();
  expect(() => tokenOf({ SELVAGE_TOKEN_FILE: `${file}.none` })).toThrow(
    expect.objectContaining({
      code: 'InvalidConfig',
      message: expect.stringContaining('SELVAGE_TOKEN_FILE') as string,
    }) as Error,
  );
});
