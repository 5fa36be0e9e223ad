import { existsSync } from 'node:fs';
import path from 'node:path';
import { makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';

const WEATHER = (body: string, limit: number): string => `
import { daily, knot, tapestry } from 'selvage';
import { z } from 'zod';

const fetched = knot('fetched', ({ day, limit }: { day: { key: string }; limit: number }) => ${body});
export const weather = tapestry(
  'weather',
  {
    partition: daily('2024-02-28', { last: '2024-03-01' }),
    parameters: { limit: { schema: z.number(), default: ${limit} } },
  },
  (_t, { partition, limit }) => ({ fetched: fetched({ day: partition, limit }, { id: 'fetched' }) }),
);
export const bare = tapestry('bare', () => ({ x: knot('x', () => 1)({}, { id: 'x' }) }));
`;
let project: string;

beforeAll(() => {
  project = makeCommandProject({
    'weather.ts': WEATHER('day.key', 1),
    'edited.ts': WEATHER('day.key + limit', 1),
    'other.ts': WEATHER('day.key', 2),
  });
});
afterAll(removeProjects);

const partitions = (file: string, ...args: string[]): ReturnType<typeof runWarm> =>
  runWarm(project, ['partitions', file, '--tapestry', 'weather', ...args]);
const columns = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => /^(\d{4}-|\d+ part)/.test(line));

test('before the first run all are missing, and nothing is made to say so', async () => {
  const { code, stdout, stderr } = await partitions('weather.ts');
  expect([code, stderr]).toEqual([0, '']);
  expect(columns(stdout)).toEqual([
    '2024-02-28  missing',
    '2024-02-29  missing',
    '2024-03-01  missing',
    '3 partitions: 3 missing',
  ]);
  expect(existsSync(path.join(project, '.selvage'))).toBe(false);
});

test('lists states, runs and what has changed since', async () => {
  const run = await runWarm(project, [
    ...[
      'run',
      'weather.ts',
      '--tapestry',
      'weather',
      '--param',
      'partition=2024-02-29',
      '--run-id',
      'weather/1',
    ],
  ]);
  expect(run.code).toBe(0);
  const plain = await partitions('weather.ts', '--from', '2024-02-29');
  expect(columns(plain.stdout)).toEqual([
    expect.stringMatching(/^2024-02-29 {2}ok {7}\d{4}-.* {2}weather\/1$/),
    '2024-03-01  missing',
    '2 partitions: 1 missing, 1 ok',
  ]);
  const edited = await partitions('edited.ts', '--state', 'stale,failed');
  expect(columns(edited.stdout)).toEqual([
    expect.stringMatching(/stale .* weather\/1 {2}code of "fetched" \([0-9a-f]{8} → [0-9a-f]{8}\)$/),
    '1 partition: 1 stale',
  ]);
  const other = await partitions('other.ts', '--json');
  expect(JSON.parse(other.stdout)).toMatchObject({
    tapestry: 'weather',
    counts: { missing: 2, running: 0, ok: 0, stale: 1, failed: 0 },
    items: [
      { key: '2024-02-28', state: 'missing', runs: 0 },
      { key: '2024-02-29', state: 'stale', reasons: [{ kind: 'input', input: 'limit' }] },
      { key: '2024-03-01' },
    ],
  });
  const given = await partitions('other.ts', '--param', 'limit=1', '--state', 'ok', '--limit', '1');
  expect(columns(given.stdout)).toEqual([expect.stringMatching(/^2024-02-29 {2}ok/), '1 partition: 1 ok']);
});

test.each([
  [['weather.ts', '--from', '2024-13-01'], 2, 'InvalidPartition'],
  [['weather.ts', '--from', '2024-03-01', '--to', '2024-02-28'], 2, 'InvalidPartition'],
  [['weather.ts', '--state', 'stale,fine'], 2, 'Usage'],
  [['weather.ts', '--param', 'limit=much'], 2, 'InvalidParameters'],
  [['weather.ts', '--param', 'partition=2024-02-29'], 2, 'InvalidParameters'],
  [['weather.ts', '--tapestry', 'bare'], 2, 'InvalidConfig'],
])('refuses %j with %i and %s', async ([file, ...args], code, error) => {
  const found = await runWarm(project, ['partitions', file!, '--tapestry', 'weather', ...args]);
  expect(found.stderr).toContain(`error ${error}: `);
  expect(found.code).toBe(code);
});
