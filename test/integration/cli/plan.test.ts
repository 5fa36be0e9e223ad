import { existsSync } from 'node:fs';
import path from 'node:path';
import { makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';

const SHAPES = `
import { knot, local, map, subTapestry, tapestry } from 'selvage';
import { z } from 'zod';

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const list = knot('list', () => [1, 2]);
const sizeOf = knot('sizeOf', ({ text }: { text: string }) => text.length);

export const diamond = tapestry('diamond', (t) => {
  const top = inc({ x: 1 }, { id: 'top' });
  const left = inc({ x: top }, { id: 'left' });
  const right = inc({ x: top }, { id: 'right', dispatcher: local() });
  return { left, sum: add({ a: left, b: right }, { id: 'sum' }) };
});
export const unused = tapestry('unused', (t) => {
  const loud = t.parameter('loud', z.boolean());
  t.parameter('inJson', z.boolean());
  return { top: inc({ x: (loud ? 1 : 2) }, { id: 'top' }), inJson: t.parameter('asked', z.number()) };
});
export const large = tapestry('large', () => {
  for (let k = 0; k < 4_000; k++) inc({ x: k }, { id: 'k' + k });
  inc({ x: 1 }, { id: 'slow', timeout: 7_200_000 });
});
export const expanding = tapestry('expanding', () => ({
  doubled: map({ over: list({}, { id: 'list' }), each: inc, bind: 'x' }, { id: 'doubled', timeout: 1_000 }),
  nested: subTapestry({ tapestry: diamond, inputs: {} }, { id: 'nested' }),
}));
export const expandingAndLarge = tapestry('expandingAndLarge', () => {
  for (let k = 0; k < 4_000; k++) inc({ x: k }, { id: 'k' + k });
  map({ over: list({}, { id: 'list' }), each: inc, bind: 'x' }, { id: 'doubled', timeout: 7_200_000 });
  inc({ x: 1 }, { id: 'slow', timeout: 7_200_000 });
});
export const tooLarge = tapestry('tooLarge', () => {
  sizeOf({ text: 'x'.repeat(65 * 1024 * 1024) }, { id: 'size' });
});
`;
let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'shapes.ts': SHAPES });
});
afterAll(removeProjects);

const plan = (...args: string[]): ReturnType<typeof runWarm> =>
  runWarm(project, ['plan', 'shapes.ts', '--tapestry', ...args]);

test('shows what a run may come to, and neither asks a server nor writes anything', async () => {
  const { code, stdout, stderr } = await plan('diamond');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^diamond\n {2}Plan +sha256:[0-9a-f]{64}, 1\.\d KiB$/m);
  expect(stdout).toMatch(
    /^ {2}Knots +4; 1 local, in at most 1 segment; 0 parameters; 4 inputs from other knots$/m,
  );
  expect(stdout).toMatch(/^ {2}Depth +3, and at most 2 side by side on one level$/m);
  expect(stdout).toMatch(/^ {2}Events +at most \d+$/m);
  expect(stdout).toMatch(/^ {2}Bytes +at most \d+ KiB of history, .* \d+ B in each execution$/m);
  expect(stdout).toMatch(/^ {2}Pending +at most 2 activities at once$/m);
  expect(stdout).toMatch(/^ {2}Layout +one execution$/m);
  expect(code).toBe(0);
  expect(existsSync(path.join(project, '.selvage'))).toBe(false);
});

test('--json has all of it, and --terminals only what these need', async () => {
  const { stdout } = await plan('diamond', '--terminals', 'left', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    tapestry: 'diamond',
    planHash: expect.stringMatching(/^sha256:/),
    knots: 2,
    localKnots: 0,
    edges: 1,
    depth: 2,
    width: 1,
    pendingActivities: 1,
    executions: 1,
    childRuns: [],
  });
});

test('parameters that nothing uses are warned of, and none that are terminals', async () => {
  const { code, stdout, stderr } = await plan('unused', '--json');
  const warnings = stderr.split('\n').filter((line) => line.startsWith('warning'));
  expect(warnings).toEqual([
    expect.stringMatching(/^warning The parameter "loud" of unused is used by no knot\. .*no value yet/),
    expect.stringMatching(/^warning The parameter "inJson" of unused/),
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ tapestry: 'unused' });
  expect(code).toBe(0);
});

test('a large plan is continued, and its slow knots are in child runs', async () => {
  const { stdout } = await plan('large');
  expect(stdout).toMatch(
    /Layout +at most \d+ executions, each continuing the one before.*1 knot in a child run \(slow\), for its timeout is over an hour/,
  );
});

test('what runs many bodies is in child runs for that, whatever its timeout', async () => {
  const { stdout } = await plan('expanding');
  expect(stdout).toMatch(
    /^ {2}Layout +one execution; 2 knots in child runs \(doubled, nested\), as maps, loops and other tapestries always are$/m,
  );
  const large = await plan('expandingAndLarge');
  expect(large.stdout).toMatch(
    /; 1 knot in a child run \(doubled\), as maps, loops and other tapestries always are; 1 knot in a child run \(slow\), for its timeout is over an hour/,
  );
  const { stdout: document } = await plan('expandingAndLarge', '--json');
  expect(JSON.parse(document)).toMatchObject({ childRuns: ['doubled', 'slow'], slowKnots: ['slow'] });
});

test('a plan that does not fit: one clear line and where more is, exit code 2', async () => {
  const { code, stdout, stderr } = await plan('tooLarge');
  expect(stderr).toMatch(/^error PlanTooLarge: .*'size'.*67108864/);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});
