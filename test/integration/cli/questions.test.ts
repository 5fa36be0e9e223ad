import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';
import { CACHED, PIPELINES } from './pipelines';

let project: string;
beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES, 'cached.ts': CACHED });
  for (const [runId, x] of [
    ['five', 5],
    ['five-again', 5],
    ['six', 6],
  ] as const) {
    await selvage('run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', `x=${x}`, '--run-id', runId);
  }
});
afterAll(removeProjects);

const selvage = (...args: string[]): ReturnType<typeof runWarm> => runWarm(project, args);

async function hashOf(runId: string, knot: string): Promise<string> {
  const { stdout } = await selvage('lineage', '--run', runId, '--knot', knot, '--json');
  return (JSON.parse(stdout) as { items: { outputHash: string }[] }).items[0]!.outputHash;
}

test('diff: two runs with the same results, and two without', async () => {
  const same = await selvage('diff', 'five', 'five-again');
  expect(same.code).toBe(0);
  expect(same.stdout).toMatch(/^five \(quickstart, succeeded\) and five-again /m);
  expect(same.stdout).toMatch(/^All 3 knots have the same result\.$/m);

  const other = await selvage('diff', 'five', 'six');
  expect(other.code).toBe(1);
  expect(other.stdout).toMatch(/^0 knots have the same result, 3 differ\. First differences:$/m);
  expect(other.stdout).toMatch(
    /^ {2}param:x {2}the runs were started with different values\n {4}ok +sha256:\w{64} \(1 B\)\n {4}ok +sha256/m,
  );
  expect(other.stdout).toMatch(/^Below them: d, answer$/m);
  const document = JSON.parse((await selvage('diff', 'five', 'six', '--json')).stdout) as object;
  expect(document).toMatchObject({
    equal: 0,
    items: [{ knotId: 'param:x', causes: ['parameter'] }, {}, {}],
  });

  const unknown = await selvage('diff', 'five', 'nobody');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/^error UnknownRun: .*"nobody"/m);
});

test('diff: elements of a map are told by their ranges, and many differences by the first of them', async () => {
  const source = (body: string): string => `
import { knot, map, tapestry } from 'selvage';
const list = knot('list', () => Array.from({ length: 60 }, (_, n) => n));
const each = knot('each', ({ n }: { n: number }) => { ${body} return n; });
export const mapped = tapestry('mapped', () => {
  const wide = Object.fromEntries(Array.from({ length: 60 }, (_, n) => ['w' + n, each({ n }, { id: 'w' + n })]));
  const end = map({ over: list({}, { id: 'list' }), each, bind: 'n', onError: 'skip' }, { id: 'end' });
  return { ...wide, end };
});
`;
  // Their values are those of other tests, too.
  const own = makeCommandProject({
    'mapped.ts': source(''),
    'changed.ts': source("if (n === 7) throw new Error('seven'); if (n > 3) n += 1;"),
  });
  await runWarm(own, ['run', 'mapped.ts', '--run-id', 'mapped']);
  await runWarm(own, ['run', 'changed.ts', '--run-id', 'changed']);
  const diff = (...options: string[]): ReturnType<typeof runWarm> =>
    runWarm(own, ['diff', 'mapped', 'changed', ...options]);
  const { code, stdout } = await diff('--limit', '100');
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^ {2}end\[4–6, 8–59\] {2}the code of its body has changed \(55 elements; the first of them is shown\)$/m,
  );
  expect(stdout).toMatch(
    /^ {2}end\[7\] {2}the code of its body has changed\n {4}ok .*\n {4}failed {3}Error: seven$/m,
  );
  expect(stdout).toMatch(/^Below them: end$/m);
  expect(stdout).not.toContain('--limit');
  // Each of the others by itself: 56, and two of the map, and the map.
  const cut = await diff();
  expect(cut.stdout).toMatch(/^And 9 more: raise --limit \(50\)\.$/m);
  const document = JSON.parse((await diff('--json')).stdout) as {
    total: number;
    different: number;
    items: object[];
  };
  expect(document).toMatchObject({ different: 113, total: 59 });
  expect(document.items).toHaveLength(50);
});

test('why: the knot that made a value, and of what', async () => {
  const { code, stdout } = await selvage('why', await hashOf('five', 'answer'), '--run', 'five');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^sha256:\w{64} \(2 B\)$/);
  expect(lines[1]).toMatch(/^made by answer \(add\) of run five, \d{4}-/);
  expect(lines[2]).toMatch(/^├─ a = param:x of run five, .* sha256:\w{64}$/);
  expect(lines[3]).toMatch(/^└─ b = d \(double\) of run five, /);
  expect(lines[4]).toMatch(/^ {3}└─ x = param:x of run five, .*, as above /);

  const unknown = await selvage('why', 'sha256:none');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/^error UnknownValue: .*sha256:none/m);
});

test('impact: who has a value, and what was made of it, in all runs', async () => {
  const { code, stdout } = await selvage('impact', await hashOf('five', 'd'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}five-again +d +\d{4}-/m);
  expect(stdout).toMatch(/^2 knots of 2 runs had it as an input/m);
  expect(stdout).toMatch(/^ {2}five +answer +d +sha256:\w{64}$/m);
  expect(stdout).not.toContain('six');
  const nothing = await selvage('impact', await hashOf('six', 'answer'));
  expect(nothing.stdout).toMatch(/^Nothing was made of it\.$/m);
});

test('value: shown, as a document, and written to a file', async () => {
  const hash = await hashOf('five', 'answer');
  const shown = await selvage('value', hash);
  expect(shown.code).toBe(0);
  expect(shown.stdout.trim()).toBe('15');
  expect(JSON.parse((await selvage('value', hash, '--json')).stdout)).toEqual({ hash, size: 2, value: 15 });
  const saved = await selvage('value', hash, '--out', 'value.json');
  expect(saved.stdout).toContain('is in value.json');
  expect(readFileSync(path.join(project, 'value.json'), 'utf8')).toBe('15');

  const missing = await selvage('value', 'sha256:none');
  expect(missing.code).toBe(2);
  expect(missing.stderr).toMatch(/^error UnknownValue: .*sha256:none, and no record names it/m);
  expect(missing.stderr).not.toMatch(/removed/);
});

test('the beginning of a hash is enough, and that of two is refused with both; runs show prints what is taken', async () => {
  const shown = await selvage('runs', 'show', 'six');
  const [, hash] = /^ +answer +ok .* (sha256:\w+)$/m.exec(shown.stdout)!;
  const whole = await hashOf('six', 'answer');
  expect(whole.startsWith(hash!)).toBe(true);
  for (const text of [hash!, whole.slice('sha256:'.length, 15)]) {
    expect((await selvage('value', text)).stdout.trim()).toBe('18');
    expect((await selvage('why', text)).stdout).toContain(whole);
    expect((await selvage('impact', text)).stdout).toContain(`${whole} is the value of`);
    const { stdout } = await selvage('lineage', '--output', text, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ knotId: 'answer', runId: 'six' }] });
    expect((await selvage('scrub', text, '--dry-run')).stdout).toContain(whole);
  }
  const input = (await hashOf('six', 'd')).slice(0, 20);
  expect((await selvage('lineage', '--input', input)).stdout).toMatch(/^answer /m);
  const unknown = await selvage('why', '0123456789abcdef');
  expect(unknown.stderr).toMatch(/^error UnknownValue: No hash on record begins with 0123456789abcdef\./m);
});

test('a question makes no database', async () => {
  const empty = makeCommandProject();
  for (const words of [
    ['diff', 'a', 'b'],
    ['why', 'sha256:x'],
    ['impact', 'sha256:x'],
    ['value', 'sha256:x'],
  ]) {
    const { code, stderr } = await runWarm(empty, words);
    expect(stderr).toMatch(/^error FileNotFound: .*\.selvage/);
    expect(code).toBe(2);
  }
});

test('cache explain: why a value was not reused, and bad input', async () => {
  const { code, stdout } = await selvage('cache', 'explain', 'five', 'd');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^The value of knot d of run five was not reused: the knot has no option `cache`\.$/m,
  );
  const document = JSON.parse((await selvage('cache', 'explain', 'five', 'd', '--json')).stdout) as object;
  expect(document).toMatchObject({ reused: false, reason: 'not-cached', record: { knotId: 'd' } });
  const unknown = await selvage('cache', 'explain', 'five', 'nothing');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/^error UnknownKnot: .*"nothing"/m);
});

test('cache explain: an edited body of the same version, and what to do', async () => {
  writeFileSync(path.join(project, 'edited.ts'), CACHED.replace('x * by', 'x * by + 1'));
  const args = ['--param', 'x=7', '--run-id'];
  expect((await selvage('run', 'cached.ts', ...args, 'seven')).code).toBe(0);
  expect((await selvage('run', 'edited.ts', ...args, 'seven-edited')).stdout).toMatch(/^ {2}end {2}70$/m);
  const { stdout } = await selvage('cache', 'explain', 'seven-edited', 'end');
  expect(stdout).toMatch(
    /was reused: knot "end" of run "seven" \(.*\) produced the value\.\n {2}source of the body: sha256:\w{64} then, sha256:\w{64} now\n/,
  );
  expect(stdout).toMatch(/^The body was edited since then, under the same version \(1\): .*--no-reuse/m);
});

test('cache explain: a value that was reused, and one of another input', async () => {
  for (const [runId, x] of [
    ['one', 1],
    ['one-again', 1],
    ['two', 2],
  ] as const)
    expect((await selvage('run', 'cached.ts', '--param', `x=${x}`, '--run-id', runId)).code).toBe(0);

  const hit = await selvage('cache', 'explain', 'one-again', 'end');
  expect(hit.code).toBe(0);
  expect(hit.stdout).toMatch(
    /^The value of knot end of run one-again was reused: knot "end" of run "one" \(\d{4}-\d\d-\d\d .*\) produced the value\.\n$/,
  );

  const miss = await selvage('cache', 'explain', 'two', 'end');
  expect(miss.code).toBe(0);
  const [head, ...differences] = miss.stdout.trimEnd().split('\n');
  expect(head).toMatch(
    /^The value of knot end of run two was not reused: no earlier knot has the same cache key\. The nearest is knot "end" of run "one" \(\d{4}-.*\); what differs:$/,
  );
  const [before, now] = [await hashOf('one', 'param:x'), await hashOf('two', 'param:x')];
  expect(differences).toEqual([`  input "x", from knot "param:x": ${before} then, ${now} now`]);
  const document = JSON.parse((await selvage('cache', 'explain', 'two', 'end', '--json')).stdout) as object;
  expect(document).toMatchObject({
    reused: false,
    reason: 'key-differs',
    other: { runId: 'one', knotId: 'end' },
    differences: [{ part: 'input', input: 'x', parent: 'param:x', before, now }],
  });
});
