import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { knot, tapestry } from '../../../src';
import { ServerReach } from '../../../src/explorer/page-server';
import { closeAll, selvageForAll, temporaryFolder } from '../../support/open-selvage';
import { openPage, send } from '../../support/page';

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, '../../..');

const doubled = tapestry('clients.doubled', { parameters: { x: z.number() } }, (_, { x }) => ({
  twice: knot('twice', ({ x }: { x: number }) => ({ twice: x * 2 }))({ x }, { id: 'twice' }),
}));
const selvage = selvageForAll({ tapestries: [doubled] });
afterEach(closeAll);

/** As somebody writes it who has only the types. */
const CLIENT = `
import createClient from 'openapi-fetch';
import type { paths } from './api';

const [, , baseUrl, token] = process.argv;
const client = createClient<paths>({ baseUrl: baseUrl!, headers: { authorization: \`Bearer \${token}\` } });

async function main(): Promise<void> {
  const started = await client.POST('/runs/start', {
    params: { header: { 'Idempotency-Key': 'once' } },
    body: { tapestry: 'clients.doubled', parameters: { x: 21 } },
  });
  if (!started.data) throw new Error(started.error.detail);
  const { runId } = started.data;
  for (;;) {
    const { data, error } = await client.GET('/runs/show', { params: { query: { runId } } });
    if (!data) throw new Error(error.detail);
    if (data.run.status === 'running') continue;
    const hash = data.graph.knots.find(({ id }) => id === 'twice')!.state!.outputHash!;
    const value = await client.POST('/values/show/query', { body: { hash, path: ['twice'] } });
    console.log(JSON.stringify({ status: data.run.status, startedAt: data.run.startedAt, value: value.data }));
    return;
  }
}
void main();
`;

test('a client whose types are generated from the OpenAPI document compiles, starts a run and reads its value', async () => {
  const page = await openPage({
    backends: selvage().backends,
    reach: ServerReach.of(selvage()),
    tapestries: [doubled],
  });
  const folder = await temporaryFolder();
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const { body } = await send(`${page.url}api/v1/openapi.json`);
  await writeFile(path.join(folder, 'openapi.json'), body);
  await writeFile(path.join(folder, 'client.ts'), CLIENT);
  const program = async (name: string, ...words: string[]): Promise<string> =>
    (await run(path.join(ROOT, 'node_modules/.bin', name), words, { cwd: folder })).stdout;
  await program('openapi-typescript', 'openapi.json', '--output', 'api.d.ts');
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext', '--types', 'node'];
  await program('tsc', ...options, 'client.ts');
  const told = JSON.parse(await program('tsx', 'client.ts', `${page.url}api/v1`, page.token)) as object;
  expect(told).toEqual({
    status: 'succeeded',
    startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    value: expect.objectContaining({ form: 'json', json: 42 }) as object,
  });
});
