import { parse } from 'yaml';
import { beginsCommands, makeCommandProject, runCommand } from '../../support/command-line';
import { readFile } from '../../support/doc-snippets';
import { listening } from '../../support/listening';
import { sharedServerAddress } from '../../support/temporal-server';
import { removeProjects } from '../server/projects';
import { PIPELINES, WAITING } from './pipelines';

const ANSWERS = /Answers \/livez, \/readyz and \/metrics at (http:[^\s"]+)/;

const begin = beginsCommands();
afterAll(removeProjects);

const makeProject = (): string =>
  makeCommandProject({
    'pipeline.ts': PIPELINES,
    'waiting.ts': WAITING,
    'one.ts': PIPELINES.split('export const fails')[0]!,
  });

/** Names of metrics in a text. */
const namesIn = (text: string): Set<string> => new Set(text.match(/\b(?:selvage|temporal)_[a-z0-9_]+/g));
/** What is a label, and no metric. */
const LABELS = /^selvage_(definition|outcome|reused|skip_reason|reason|tapestry|run_status|emitter)$/;

test('all metrics that alerts, dashboard and pages name are those of a worker, and its log lines say run, knot and attempt', async () => {
  const project = makeProject();
  const shown = /^\$ (?:npx|node node_modules\/\.bin\/)\s?selvage (worker .*--health-port.*)$/m.exec(
    readFile('docs/operations/monitor.md'),
  )![1]!;
  const words = shown.replace(/--health-port \d+/, '--health-port 0').split(' ');
  expect(words).toContain('json');
  const worker = begin(project, words);
  const [, url] = await worker.hasWritten(ANSWERS);
  const run = await runCommand(project, [
    'run',
    'pipeline.ts',
    '--tapestry',
    'fails',
    '--param',
    'x=1',
    '--detach',
    '--json',
  ]);
  const { runId } = JSON.parse(run.stdout) as { runId: string };
  await worker.hasWritten(/ended: failed/);
  const ready = await fetch(`${url}/readyz`);
  expect(await ready.json()).toMatchObject({
    ready: true,
    parts: { 'tapestry:fails': { ready: true }, 'tapestry:quickstart': { ready: true } },
  });
  const text = await (await fetch(`${url}/metrics`)).text();
  const has = new Set([...namesIn(text)].map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  expect(text).toMatch(
    /^selvage_knot_outcomes_total\{selvage_definition="boom",selvage_outcome="err".*\} 1$/m,
  );
  // Seven for the process, in equal parts for its two queues.
  expect(slotsIn(text)).toEqual([3, 3]);
  for (const file of [
    'operations/alerts.yaml',
    'operations/kubernetes.yaml',
    'grafana-dashboard.json',
    'operations/monitor.md',
    'operations/scale.md',
  ]) {
    const used = [...namesIn(readFile(`docs/${file}`))]
      .filter((name) => !LABELS.test(name))
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(used.length).toBeGreaterThan(0);
    // These are there once something was refused, or waited for.
    expect({ file, missing: used.filter((name) => !has.has(name)) }).toEqual({ file, missing: [] });
  }
  worker.signal('SIGTERM');
  const { code, stderr } = await worker.finished;
  expect(code).toBe(0);
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines)
    expect(line).toMatchObject({ time: expect.any(String), level: expect.any(String) });
  expect(lines).toContainEqual(expect.objectContaining({ runId, level: 'info' }));
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      message: expect.stringMatching(/ ended: failed: RangeError: 2 is too much \(knot e, trace \w{32}\)$/),
      fields: expect.objectContaining({ tapestry: 'fails', error: expect.objectContaining({ knotId: 'e' }) }),
    }),
  );
});

test('the lines of bodies name the run, the knot and the attempt', async () => {
  const project = makeProject();
  const worker = begin(project, ['worker', 'waiting.ts', '--log-format', 'json']);
  await worker.hasWritten(/Worker of waiting/);
  await runCommand(project, ['run', 'waiting.ts', '--detach']);
  const [line] = await worker.hasWritten(/^.*"message":"began".*$/m);
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    knotId: 'wait',
    attempt: 1,
    runId: expect.stringMatching(/^waiting-/),
  });
  worker.signal('SIGTERM');
  expect((await worker.finished).code).toBe(0);
});

/** How many knots each queue of a worker may have at once. */
function slotsIn(metrics: string): number[] {
  const line = /^temporal_worker_task_slots_available\{.*worker_type="ActivityWorker"\} (\d+)$/gm;
  return [...metrics.matchAll(line)].map(([, slots]) => Number(slots));
}

test('the worker of the page about scaling has as many slots as it says', async () => {
  const [, line, slots] = /^\$ npx selvage (worker .*--slots (\d+))$/m.exec(
    readFile('docs/operations/scale.md'),
  )!;
  const worker = begin(makeProject(), [
    ...line!.split(' '),
    '--health-port',
    '0',
    '--address',
    sharedServerAddress(),
  ]);
  const [, url] = await worker.hasWritten(ANSWERS);
  const available = slotsIn(await (await fetch(`${url}/metrics`)).text());
  expect(available.reduce((all, some) => all + some)).toBe(Number(slots));
  worker.signal('SIGTERM');
  expect((await worker.finished).code).toBe(0);
});

test('dev answers, too', async () => {
  const dev = begin(makeProject(), ['dev', 'pipeline.ts', '--no-ui', '--health-port', '0']);
  const [, url] = await dev.hasWritten(ANSWERS);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  dev.signal('SIGINT');
  expect((await dev.finished).code).toBe(0);
});

test('a port that is taken, and one that is none, are one error', async () => {
  const project = makeProject();
  const other = await listening();
  const taken = await runCommand(project, ['worker', 'pipeline.ts', '--health-port', String(other.port)]);
  await other.close();
  expect(taken).toMatchObject({ code: 2 });
  expect(taken.stderr).toContain(`error PortInUse: Another program listens on 127.0.0.1:${other.port}`);
  for (const words of [
    ['--health-port', 'x'],
    ['--log-format', 'xml'],
    ['--slots', '0'],
  ]) {
    const { code, stderr } = await runCommand(project, ['worker', 'pipeline.ts', ...words]);
    expect({ words, code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error Usage: /),
    });
  }
});

test('alert rules are rules of Prometheus, each with what to do', () => {
  const { groups } = parse(readFile('docs/operations/alerts.yaml')) as {
    groups: { name: string; rules: Record<string, unknown>[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  for (const rule of rules)
    expect(rule).toMatchObject({
      alert: expect.stringMatching(/^Selvage[A-Z]\w+$/),
      expr: expect.any(String),
      labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
      annotations: { summary: expect.any(String), action: expect.any(String) },
    });
  const monitor = readFile('docs/operations/monitor.md');
  for (const { alert } of rules) expect(monitor).toContain(`\`${String(alert)}\``);
});
