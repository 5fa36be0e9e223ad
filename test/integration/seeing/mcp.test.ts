import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { docsOf } from '../../../src/errors';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { knot, map, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';
console.log('what a file prints is no protocol');
const users = knot('users', ({ count }: { count: number }) =>
  Array.from({ length: count }, (_, at) => ({ name: 'user ' + at, password: 'hunter2-' + at })));
const greet = knot('greet', ({ user }: { user: { name: string } }) => {
  if (user.name === 'user 13') throw new RangeError('no luck, postgres://app:hunter2@db/x');
  return 'Hello ' + user.name;
});
export const hello = tapestry('hello', { parameters: { count: z.number().int() } }, (_t, { count }) => ({
  greetings: map({ over: users({ count }, { id: 'users' }), each: greet, bind: 'user' }, { id: 'greetings' }),
}));
export const asks = tapestry('asks', () => ({ answer: waitForSignal('answer', z.object({ by: z.string() }), { id: 'answer' }) }));
`;

const main = path.resolve(__dirname, '../../../lib/cli/main.js');
let project: string;
const clients: Client[] = [];

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a tool answers, which the expectations look into
type Json = Record<string, any>;

interface Answer {
  readonly isError: boolean;
  readonly text: string;
  readonly json: Json;
}

type Call = (name: string, input?: Record<string, unknown>) => Promise<Answer>;

async function connect(...words: string[]): Promise<{
  readonly client: Client;
  readonly errors: () => string;
  readonly call: Call;
}> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, 'mcp', ...words],
    cwd: project,
    env: process.env as Record<string, string>,
    stderr: 'pipe',
  });
  let errors = '';
  transport.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await client.connect(transport);
  clients.push(client);
  return {
    client,
    errors: () => errors,
    call: async (name, input = {}) => {
      const { content, isError = false } = await client.callTool({ name, arguments: input });
      const { text } = (content as { text: string }[])[0]!;
      return { isError: isError === true, text, json: JSON.parse(text) as Json };
    },
  };
}

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINE });
  for (const [id, count] of [
    ['small', 3],
    ['large', 200],
  ] as const)
    await runWarm(project, [
      'run',
      'pipeline.ts',
      '--tapestry',
      'hello',
      '--param',
      `count=${count}`,
      '--run-id',
      id,
    ]);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(removeProjects);

test('it reads: runs, a run, a knot, values, lineage, differences, the documentation', async () => {
  const { client, call, errors } = await connect('pipeline.ts');
  const { tools } = await client.listTools();
  const documented = readFileSync(path.resolve(__dirname, '../../../docs/mcp.md'), 'utf8');
  for (const { name, description, inputSchema, annotations } of tools) {
    expect(documented).toContain(`\`${name}\``);
    expect(description!.length).toBeGreaterThan(20);
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(annotations).toMatchObject({ readOnlyHint: true });
  }

  const failed = await call('runs_list', { status: 'failed' });
  expect(failed.json).toMatchObject({ items: [{ runId: 'large', tapestry: 'hello', status: 'failed' }] });
  const page = await call('runs_list', { limit: 1 });
  const next = await call('runs_list', { limit: 1, cursor: page.json['cursor'] as string });
  expect([page, next].map(({ json }) => json['items'][0].runId as string)).toEqual(['large', 'small']);

  expect((await call('knots_list', { runId: 'large', outcome: 'err' })).json).toMatchObject({
    items: [{ knotId: 'greetings', state: { error: { type: 'MapElements' } } }],
    total: 1,
  });
  const elements = await call('knots_elements', { runId: 'large', map: 'greetings', outcome: 'err' });
  expect(elements.json).toMatchObject({ total: 200, items: [{ id: 'greetings[13]' }] });
  expect(elements.text).not.toContain('hunter2');
  expect((await call('knots_show', { runId: 'large', knotId: 'greetings[13]' })).json).toMatchObject({
    error: { type: 'RangeError' },
  });

  const hashOf = await hashesOf(call, 'small');
  const value = await call('values_show', { hash: hashOf('users'), as: 'json' });
  expect(value.json).toMatchObject({
    form: 'json',
    json: [{ name: 'user 0', password: '[redacted]' }, {}, {}],
  });
  expect((await call('values_show', { hash: hashOf('users'), path: [1, 'name'] })).json).toMatchObject({
    text: 'user 1',
  });
  const why = await call('lineage_why', { hash: hashOf('greetings') });
  expect((why.json['items'] as { knotId: string }[]).map((step) => step.knotId)).toEqual(
    expect.arrayContaining(['greetings', 'users', 'param:count']),
  );
  expect((await call('lineage_impact', { hash: hashOf('users') })).text).toContain('greetings');
  expect((await call('runs_compare', { first: 'small', second: 'large' })).json).toMatchObject({
    firstDifferent: 'param:count',
  });
  expect((await call('tapestries_show', { tapestry: 'hello' })).json).toMatchObject({
    parameters: [{ name: 'count', schema: { type: 'integer' } }],
    graph: { knots: [{ id: 'param:count' }, { id: 'users' }, { id: 'greetings', each: 'greet' }] },
    atMost: { knots: 2 },
  });
  const docs = await call('docs_search', { query: 'retry policy of a knot' });
  expect(docs.json['items'].length).toBeGreaterThan(0);
  expect(docs.text).toContain('retry');
  // What the file printed went to stderr: the client would have choked on it.
  expect(errors()).toContain('what a file prints is no protocol');
});

/** The hash of the value of each knot of a run. */
async function hashesOf(call: Call, runId: string): Promise<(knotId: string) => string> {
  const { json } = await call('knots_list', { runId });
  const items = json['items'] as { knotId: string; state: { outputHash: string } }[];
  return (knotId) => items.find((one) => one.knotId === knotId)!.state.outputHash;
}

test('answers are bounded, name what they leave out, and go on there', async () => {
  const { call } = await connect();
  const hash = (await hashesOf(call, 'large'))('users');
  const first = await call('values_show', { hash, as: 'json' });
  expect(first.text.length).toBeLessThan(60_000);
  expect(first.json).toMatchObject({ cut: [{ path: 'json', from: 0, shown: 100, of: 200 }] });
  const rest = await call('values_show', { hash, as: 'json', skip: { json: 150 } });
  expect(rest.json['json']).toHaveLength(50);
  expect(rest.json['json'][0]).toMatchObject({ name: 'user 150' });
  expect((await call('values_show', { hash, as: 'json', from: 198 })).json).not.toHaveProperty('cut');
});

test('errors are errors of the tool, with their code and the address of its documentation', async () => {
  const { call } = await connect();
  for (const [name, input, code] of [
    ['runs_show', { runId: 'nobody' }, 'UnknownRun'],
    ['values_show', { hash: 'sha256:ffffffff' }, 'UnknownValue'],
    ['tapestries_show', { tapestry: 'hello' }, 'UnknownTapestry'],
    ['knots_show', { runId: 'small', knotId: 'nobody' }, 'UnknownKnot'],
    ['runs_list', { state: 'failed' }, 'InvalidRequest'],
    ['runs_list', { skip: { items: -1 } }, 'InvalidRequest'],
    ['runs', {}, 'InvalidRequest'],
  ] as const) {
    const { isError, json } = await call(name, input);
    const error = { code, docs: docsOf(code), message: expect.any(String) as string };
    expect({ name, isError, json }).toEqual({ name, isError: true, json: { error } });
  }
});

test('it acts only where it is let', async () => {
  const { client: reading } = await connect('pipeline.ts');
  const input = { tapestry: 'hello', parameters: { count: 1 } };
  const { isError, content } = await reading.callTool({ name: 'runs_start', arguments: input });
  expect({ isError, content }).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('runs_start') as string }],
  });

  const { client, call } = await connect('pipeline.ts', '--allow-write');
  const { tools } = await client.listTools();
  expect(
    tools
      .filter(({ annotations }) => annotations?.readOnlyHint === false)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['runs_resume', 'runs_signal', 'runs_start']);
  const worker = new Command(project, ['worker', 'pipeline.ts']);
  try {
    expect(
      (await call('runs_start', { tapestry: 'hello', parameters: { count: 'many' } })).json,
    ).toMatchObject({
      error: { code: 'InvalidParameters' },
    });
    expect((await call('runs_start', { tapestry: 'asks', parameters: {}, runId: 'asked' })).json).toEqual({
      runId: 'asked',
    });
    expect(
      (await call('runs_signal', { runId: 'asked', signal: 'answer', payload: { by: 'a model' } })).json,
    ).toEqual({ runId: 'asked', signal: 'answer', takenBy: 'answer' });
    expect((await call('runs_list', { trigger: 'mcp' })).json).toMatchObject({ items: [{ runId: 'asked' }] });
    await until('the run has taken the signal', async () => {
      const { json } = await call('runs_show', { runId: 'asked' });
      return (json['run'] as { status: string }).status === 'succeeded';
    });
    const resumed = await call('runs_resume', { runId: 'large' });
    expect(resumed.isError).toBe(false);
    const again = await call('runs_show', { runId: resumed.json['runId'] as string });
    expect(again.json).toMatchObject({ run: { tapestry: 'hello', trigger: 'resume' } });
  } finally {
    worker.signal('SIGTERM');
    await worker.finished;
  }
});

test('it reads where the server is away, and ends when its input ends', async () => {
  const { client, call } = await connect('--address', '127.0.0.1:1');
  expect((await call('runs_list')).json['items'].length).toBeGreaterThan(1);
  const { pid } = client.transport as StdioClientTransport;
  await client.close();
  expect(() => process.kill(pid!, 0)).toThrow();
});
