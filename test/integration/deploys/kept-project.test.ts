import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MIGRATIONS } from '../../../src/adapters/sqlite/migrations';
import { openBackends } from '../../../src/backends';
import { contentsOf, SEALING_KEY, type KeptContents } from '../../kept-projects/contents';
import { beginsCommands, makeCommandProject, runCommand } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

/** Each was made by an older build (scripts/make-kept-project.ts), and its processes were killed. */
const KEPT = path.resolve(__dirname, '../../kept-projects');
const kept = readdirSync(KEPT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'source')
  .map(({ name }) => name);

interface Kept extends KeptContents {
  readonly commit: string;
  /** The newest migration of its tables. */
  readonly tables: string;
}

const environment = { SELVAGE_KEYS: SEALING_KEY };
const linesOf = (project: string, file: string): string[] =>
  readFileSync(path.join(project, file), 'utf8').split('\n').slice(0, -1);

const begin = beginsCommands();
afterAll(removeProjects);

async function selvage(project: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(project, words, environment);
  expect({ words, code, stderr }).toEqual({ words, code: 0, stderr });
  return stdout;
}

async function contents(project: string): Promise<KeptContents> {
  const before = process.env['SELVAGE_KEYS'];
  process.env['SELVAGE_KEYS'] = SEALING_KEY;
  const backends = await openBackends({ projectDir: project });
  try {
    return await contentsOf(backends);
  } finally {
    await backends.close();
    if (before === undefined) delete process.env['SELVAGE_KEYS'];
    else process.env['SELVAGE_KEYS'] = before;
  }
}

for (const name of kept) {
  const recorded = JSON.parse(readFileSync(path.join(KEPT, name, 'contents.json'), 'utf8')) as Kept;
  const open = (): string => {
    const project = makeCommandProject();
    execFileSync('tar', ['-xzf', path.join(KEPT, name, 'project.tar.gz'), '-C', project]);
    return project;
  };

  if (!Object.hasOwn(MIGRATIONS, recorded.tables)) {
    // Until the first release, tables are changed in place.
    test(`the project that ${name} made is refused by name, as the tables have changed: keep a new one beside it`, async () => {
      const { code, stderr } = await runCommand(open(), ['runs', 'list'], environment);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('UnreleasedData') as string,
      });
    });
    continue;
  }

  describe(`the project that ${name} made`, () => {
    let project: string;
    beforeAll(() => {
      project = open();
    });

    test('has all that was on record, and its capsule opens', async () => {
      const { runs, values } = await contents(project);
      expect(runs).toEqual(recorded.runs);
      expect(values).toEqual(recorded.values);
      await selvage(project, 'capsule', 'open', 'partial.selvage.html', '--check');
      expect(
        JSON.parse(
          await selvage(project, 'runs', 'show', 'partial', '--capsule', 'partial.selvage.html', '--json'),
        ),
      ).toMatchObject({ runId: 'partial', status: 'failed', values: { doubled: 42 } });
    });

    test('its unfinished runs replay, go on where they were, and end as if nothing had been', async () => {
      const called = linesOf(project, 'calls.log').filter((line) => !line.startsWith('held: '));
      const heardBefore = linesOf(project, 'heard.log');
      const unfinished = Object.entries(recorded.runs).filter(([, { status }]) => status === 'running');
      expect(unfinished.length).toBeGreaterThan(8);
      const worker = begin(project, ['worker', 'pipeline.ts'], environment);
      for (const run of ['waiting', 'timed', 'distant', 'mapped', 'outer', 'retried', 'backfill'])
        expect(await selvage(project, 'replay', run)).toMatch(/replays/);
      // Until the worker has begun.
      const patience = ['--timeout', '300'];
      await selvage(project, 'signal', 'waiting', 'approve', '{"by":"Anna"}', ...patience);
      await selvage(project, 'signal', 'outer/inner#1', 'approve', '{"by":"Ben"}', ...patience);
      const reader = begin(project, ['stream', 'pipeline.ts'], environment);
      appendFileSync(path.join(project, 'lines.log'), 'line 13\n');
      await until('the stream is read', () => linesOf(project, 'results.log').includes('LINE 13'), 300_000);
      const isOver = async (): Promise<boolean> => {
        const { runs } = await contents(project);
        return Object.entries(runs).every(([run, { status }]) => run === 'distant' || status !== 'running');
      };
      await until('all runs are over but the distant one', isOver, 300_000);
      await selvage(project, 'runs', 'cancel', 'distant');
      await selvage(project, 'schedules', 'trigger', 'yearly');
      await until('the run of the schedule is over', async () => {
        const { runs } = await contents(project);
        const planned = Object.entries(runs).find(([run]) => run.startsWith('yearly'));
        return planned?.[1].status === 'succeeded' && runs['distant']!.status === 'cancelled';
      });
      await until('the emitter has heard of all', async () => {
        const { items } = JSON.parse(await selvage(project, 'emitters', 'list', '--json')) as {
          items: { lag: { changes: number } }[];
        };
        return items[0]!.lag.changes === 0;
      });
      for (const command of [reader, worker]) {
        command.signal('SIGTERM');
        expect(await command.finished).toMatchObject({ code: 0 });
      }

      const { runs } = await contents(project);
      const ended = Object.fromEntries(
        Object.entries(runs).filter(([run]) => Object.hasOwn(recorded.runs, run)),
      );
      for (const [run, { plan, records, status }] of Object.entries(recorded.runs)) {
        expect(ended[run]).toMatchObject({ plan, records });
        if (status !== 'running') expect(ended[run]).toEqual(recorded.runs[run]);
      }
      const statuses = new Set(unfinished.map(([run]) => `${run === 'distant'} ${ended[run]!.status}`));
      expect([...statuses].sort()).toEqual(['false succeeded', 'true cancelled']);

      // What had an outcome was not made again; what was held was.
      const calls = linesOf(project, 'calls.log').filter((line) => !line.startsWith('held: '));
      expect(calls.slice(0, called.length)).toEqual(called);
      const later = calls.slice(called.length);
      expect(later.filter((line) => line.startsWith('square')).sort()).toEqual(
        Array.from({ length: 13 }, (_, index) => `square ${index + 7}`).sort(),
      );
      expect(calls.filter((line) => line.startsWith('day')).sort()).toEqual(
        Array.from({ length: 10 }, (_, index) => `day 2024-01-${String(index + 1).padStart(2, '0')}`),
      );
      // The project is in another folder than before, and its stream is where it was.
      const lines = Array.from({ length: 13 }, (_, index) => `line ${index + 1}`);
      expect(calls.filter((line) => line.startsWith('line')).sort()).toEqual([...lines].sort());
      expect(linesOf(project, 'results.log')).toEqual(lines.map((line) => line.toUpperCase()));
      // Each event once, and again only those that the killed process had heard last.
      const heard = linesOf(project, 'heard.log');
      const [before, since] = [heard.slice(0, heardBefore.length), heard.slice(heardBefore.length)];
      const again = since.filter((id) => before.includes(id));
      expect({ before, again }).toEqual({
        before: heardBefore,
        again: before.slice(before.length - again.length),
      });
      expect(new Set(since).size).toBe(since.length);
      const { items } = JSON.parse(
        await selvage(project, 'emitters', 'dead-letters', 'to-file', '--json'),
      ) as {
        items: unknown[];
      };
      expect(items).toHaveLength(2);
    }, 900_000);
  });
}
