import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { ProblemDocument } from '../../../src/api/problem-document';
import { readTokens } from '../../../src/api/tokens';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { OPERATIONS } from '../../../src/operations';
import { pathOf } from '../../../src/operations/operation';
import { closeAll } from '../../support/open-selvage';
import { openPage, quietLogger, send, type Answer } from '../../support/page';

const TOKEN = randomBytes(32).toString('hex');
const before = process.env['SELVAGE_API_TOKENS'];
afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  if (before === undefined) delete process.env['SELVAGE_API_TOKENS'];
  else process.env['SELVAGE_API_TOKENS'] = before;
});

const SCOPES = ['read', 'values', 'act'] as const;

test('a token may what its scopes say, for each operation', async () => {
  for (const scopes of fc.sample(fc.subarray([...SCOPES], { minLength: 1 }), { numRuns: 20, seed: 7 })) {
    process.env['SELVAGE_API_TOKENS'] = `robot:${scopes.join('+')}:${TOKEN}`;
    const page = await openPage({ backends: createInMemoryBackends(), isReadingClosed: true });
    for (const { name, kind, readsValues } of OPERATIONS as readonly {
      name: string;
      kind: string;
      readsValues?: true;
    }[]) {
      const { status, body } = await send(`${page.url}api/v1/${pathOf(name)}`, {
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        ...(kind === 'act' && { method: 'POST', body: '{}' }),
      });
      const needed = kind === 'act' ? ['act'] : ['read', ...(readsValues ? ['values'] : [])];
      const [missing] = needed.filter((scope) => !scopes.includes(scope as never));
      if (missing === undefined) expect([401, 403]).not.toContain(status);
      else
        expect(JSON.parse(body) as ProblemDocument).toMatchObject({
          status: 403,
          code: 'ScopeMissing',
          details: { scope: missing },
        });
    }
  }
});

test('a signal that refers to values in the store takes the scope of values', async () => {
  const outcomes: unknown[] = [];
  for (const scopes of ['act', 'values+act']) {
    process.env['SELVAGE_API_TOKENS'] = `robot:${scopes}:${TOKEN}`;
    const page = await openPage({ backends: createInMemoryBackends() });
    const { body } = await send(`${page.url}api/v1/runs/signal`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{"runId":"x","signal":"approve","allowReferences":true}',
    });
    outcomes.push((JSON.parse(body) as ProblemDocument).code);
  }
  expect(outcomes).toEqual(['ScopeMissing', 'ServerUnreachable']);
});

test('the name of a token is the actor of what it does, and the log says from where', async () => {
  process.env['SELVAGE_API_TOKENS'] = `robot:act:${TOKEN}`;
  const notes: object[] = [];
  const logger = { ...quietLogger, info: (note: object) => void notes.push(note) };
  const page = await openPage({ backends: createInMemoryBackends(), logger });
  await send(`${page.url}api/v1/runs/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{"runId":"x"}',
  });
  expect(notes).toEqual([
    { act: 'runs.cancel', actor: 'robot', from: '127.0.0.1', refused: 'ServerUnreachable' },
  ]);
});

test.each([
  'robot',
  `:read:${TOKEN}`,
  `a b:read:${TOKEN}`,
  `robot:read:${TOKEN.slice(0, 20)}`,
  `robot:read:${TOKEN}:more`,
  `robot:write:${TOKEN}`,
  `robot::${TOKEN}`,
  `robot:read:${TOKEN} robot:act:${TOKEN}`,
])('%s is refused, and no token is in the message', (text) => {
  expect(() => readTokens(text)).toThrow(expect.objectContaining({ code: 'WeakSecret' }));
  try {
    readTokens(text);
  } catch (error) {
    expect((error as Error).message).not.toContain(TOKEN.slice(0, 20));
  }
});

test('who asks too often is told when to ask again', async () => {
  const page = await openPage({ backends: createInMemoryBackends() });
  const ask = (): Promise<Answer> => send(`${page.url}api/v1/project/find?text=x`);
  // Time stands still, so that nothing is filled up again.
  jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, ask));
  const refused = await ask();
  expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'TooManyRequests' });
});
