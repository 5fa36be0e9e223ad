import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runCommand, runWarm } from '../../support/command-line';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

afterAll(removeProjects);

/** Writes down that it was there, waits for the file `go-<run>` if it is told to, and may end its process. */
const pipeline = (body: string, constant = 0): string => `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const work = knot('work', async ({ waits, ends }: { waits: boolean; ends: boolean; constant: number }, { runId, signal }) => {
  appendFileSync('log', '${body} ' + runId + '\\n');
  if (ends) process.exit(0);
  while (waits && !existsSync('go-' + runId)) await sleep(20, undefined, { signal });
  return '${body}';
});

export const pipeline = tapestry('pipeline', (t) => ({
  end: work({
    waits: t.parameter('waits', z.boolean(), { default: false }),
    ends: t.parameter('ends', z.boolean(), { default: false }),
    constant: ${constant},
  }, { id: 'work' }),
}));
`;

const FILE = 'pipeline.ts';
const edit = (project: string, body: string, constant?: number): void =>
  writeFileSync(path.join(project, FILE), pipeline(body, constant));
const logOf = (project: string): string =>
  existsSync(path.join(project, 'log')) ? readFileSync(path.join(project, 'log'), 'utf8') : '';

/** A run whose command is ended while its body works. After SIGKILL the server takes half a minute to give that up. */
async function interrupt(project: string, runId: string, end: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const command = new Command(project, ['run', FILE, '--run-id', runId, '--param', 'waits=true']);
  await command.hasWritten(/Run \S+ of pipeline/);
  await until('its body works', () => logOf(project).includes(` ${runId}\n`));
  command.signal(end);
  await command.finished;
}

const go = (project: string, runId: string): void => writeFileSync(path.join(project, `go-${runId}`), '');

/** The first in a process of its own, as a user has it; more of them in one that is warm. */
async function runFresh(project: string, times: number): Promise<void> {
  for (let turn = 1; turn <= times; turn++) {
    const { code, stdout, stderr } = await (turn === 1 ? runCommand : runWarm)(project, [
      'run',
      FILE,
      '--json',
    ]);
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/Failing workflow task|^error/m)]);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', values: { end: 'new' } });
    // No other run and no other worker is on it.
    const { runId } = JSON.parse(stdout) as { runId: string };
    const lineage = await runWarm(project, ['lineage', '--run', runId, '--knot', 'work', '--json']);
    expect(JSON.parse(lineage.stdout)).toMatchObject({ items: [{ taskQueue: `selvage.run/${runId}` }] });
  }
}

describe('a run has the code of its command, and does nothing else', () => {
  const TIMES = runs(2, 5);

  test('with a worker on stale code beside it', async () => {
    const project = makeCommandProject({ [FILE]: pipeline('old') });
    const worker = new Command(project, ['worker', FILE]);
    try {
      await worker.hasWritten(/Worker of pipeline on task queue selvage\/pipeline\./);
      edit(project, 'new');
      await runFresh(project, TIMES);
      expect(logOf(project)).not.toContain('old');
    } finally {
      worker.signal('SIGTERM');
      await worker.finished;
    }
  });

  test('with runs of its file that were interrupted, which it lists', async () => {
    const project = makeCommandProject({ [FILE]: pipeline('old') });
    await interrupt(project, 'first');
    await interrupt(project, 'second', 'SIGKILL');
    const before = logOf(project);
    go(project, 'first');
    go(project, 'second');
    edit(project, 'new');
    await runFresh(project, TIMES);
    expect(logOf(project).slice(before.length)).not.toMatch(/first|second/);
    const { stderr } = await runCommand(project, ['run', FILE]);
    expect(stderr).toMatch(/^2 earlier runs of this file are unfinished, and nobody works for them:$/m);
    expect(stderr).toMatch(/^ {2}first {2}begun .* ago$/m);
    expect(stderr).toMatch(/^Go on with one: +\S.* resume second pipeline\.ts$/m);
    expect(stderr).toMatch(/^Go on with all: +\S.* worker pipeline\.ts --adopt all$/m);
  });

  test('with runs whose body ends its process', async () => {
    const project = makeCommandProject({ [FILE]: pipeline('new') });
    await Promise.all(
      ['one', 'two'].map((runId) =>
        runCommand(project, ['run', FILE, '--run-id', runId, '--param', 'ends=true']),
      ),
    );
    for (const runId of ['one', 'two']) expect(logOf(project)).toContain(` ${runId}\n`);
    await runFresh(project, TIMES);
    expect(logOf(project).match(/ (?:one|two)\n/g)).toHaveLength(2);
  });

  test('two files with a worker each: no task goes to the worker of the other', async () => {
    const other = pipeline('other').replace("tapestry('pipeline'", "tapestry('other'");
    const project = makeCommandProject({ [FILE]: pipeline('new'), 'other.ts': other });
    const workers = [FILE, 'other.ts'].map((file) => new Command(project, ['worker', file]));
    try {
      for (const worker of workers) await worker.hasWritten(/Worker of/);
      for (let turn = 1; turn <= TIMES; turn++) {
        for (const [file, tapestry] of [
          [FILE, 'pipeline'],
          ['other.ts', 'other'],
        ] as const) {
          const { code } = await runWarm(project, [
            'run',
            file,
            '--detach',
            '--run-id',
            `${tapestry}-${turn}`,
          ]);
          expect(code).toBe(0);
        }
      }
      await runFresh(project, TIMES);
      for (let turn = 1; turn <= TIMES; turn++) {
        const { stdout } = await runWarm(project, ['run', 'other.ts', '--run-id', `other-${turn}`, '--json']);
        expect(JSON.parse(stdout)).toMatchObject({ values: { end: 'other' } });
      }
    } finally {
      for (const worker of workers) worker.signal('SIGTERM');
      for (const { finished } of workers)
        expect((await finished).stderr).not.toMatch(/Failing workflow task|UnknownTapestry/);
    }
  });
});

describe('a run whose command is gone', () => {
  let project: string;
  beforeEach(() => (project = makeCommandProject({ [FILE]: pipeline('old') })));

  test('goes on with the same command, also with other bodies, and says that they have changed', async () => {
    await interrupt(project, 'kept');
    edit(project, 'new');
    go(project, 'kept');
    const args = ['run', FILE, '--run-id', 'kept', '--param', 'waits=true'];
    const { code, stdout, stderr } = await runCommand(project, args);
    expect(stdout).toMatch(/^It was begun before: going on with it\.$/m);
    expect(stderr).toMatch(/^The code of work has changed since the run was begun\./m);
    expect(stdout).toMatch(/^ {2}end {2}'new'$/m);
    expect(stdout).toMatch(/^The code of work was changed after the run was started, and ran as changed\.$/m);
    expect(code).toBe(0);
    const shown = await runWarm(project, ['runs', 'show', 'kept', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ changedCode: ['work'] });
  });

  test('is refused to the same command with other wiring, which names what helps', async () => {
    await interrupt(project, 'kept');
    edit(project, 'new', 1);
    const args = ['run', FILE, '--run-id', 'kept', '--param', 'waits=true'];
    const { code, stderr } = await runCommand(project, args);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error RunIdInUse: .*wired otherwise.*the same command without --run-id.*selvage resume kept FILE$/m,
    );
    expect(logOf(project)).toBe('old kept\n');
  });

  test('waits on its own queue, which `runs show` names; cancel and signal say that nobody polls it', async () => {
    await interrupt(project, 'kept');
    const shown = await runWarm(project, ['runs', 'show', 'kept']);
    expect(shown.stdout).toMatch(/^ {2}Queue +selvage\.run\/kept$/m);
    const nobody = /^No worker polls task queue selvage\.run\/kept of run kept[^]*resume kept FILE/m;
    expect(shown.stderr).toMatch(nobody);
    expect((await runWarm(project, ['runs', 'show', 'kept', '--json'])).stdout).toMatch(
      /"selvage\.run\/kept"/,
    );
    const signal = await runWarm(project, ['signal', 'kept', 'word', '--timeout', '1']);
    expect([signal.code, signal.stderr]).toEqual([2, expect.stringMatching(nobody)]);
    const cancel = await runWarm(project, ['runs', 'cancel', 'kept']);
    expect([cancel.code, cancel.stderr]).toEqual([0, expect.stringMatching(nobody)]);
  });

  test('is resumed unfinished, on its own queue', async () => {
    await interrupt(project, 'kept');
    const withOptions = await runWarm(project, ['resume', 'kept', FILE, '--from', 'work']);
    expect(withOptions.stderr).toMatch(/^error RunNotOver: .*resume kept FILE, without other options/m);
    expect((await runWarm(project, ['resume', 'kept'])).stderr).toMatch(/^error RunNotOver: /m);
    go(project, 'kept');
    const { code, stdout } = await runCommand(project, ['resume', 'kept', FILE, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runId: 'kept', values: { end: 'old' } });
  });

  test('is adopted by a worker that is asked to, and by no other', async () => {
    const runIds = ['named', 'another', 'third'];
    await Promise.all(runIds.map((runId) => interrupt(project, runId)));
    for (const runId of runIds) go(project, runId);
    const worker = new Command(project, ['worker', FILE, '--adopt', 'named']);
    await worker.hasWritten(/Run named is over: succeeded\./);
    worker.signal('SIGTERM');
    await worker.finished;
    expect(logOf(project).match(/another|third/g)).toHaveLength(2);
    const ofAll = new Command(project, ['worker', FILE, '--adopt', 'all']);
    await ofAll.hasWritten(/Run another is over: succeeded\./);
    await ofAll.hasWritten(/Run third is over: succeeded\./);
    ofAll.signal('SIGTERM');
    expect((await ofAll.finished).code).toBe(0);
    const [unknown, over] = await Promise.all(
      ['nobody', 'named'].map((runId) => runCommand(project, ['worker', FILE, '--adopt', runId])),
    );
    expect([unknown!.code, unknown!.stderr]).toEqual([2, expect.stringMatching(/ error UnknownRun: /)]);
    expect([over!.code, over!.stderr]).toEqual([2, expect.stringMatching(/ error RunOver: /)]);
  });
});

test('--detach with the id of a run that is there says how that stands', async () => {
  const project = makeCommandProject({ [FILE]: pipeline('new') });
  const args = ['run', FILE, '--run-id', 'there'];
  expect((await runCommand(project, args)).code).toBe(0);
  const worker = new Command(project, ['worker', FILE]);
  try {
    await worker.hasWritten(/Worker of/);
    await until('its worker is heard of', async () => {
      const { code } = await runWarm(project, ['run', FILE, '--detach']);
      return code === 0;
    });
    const { stdout, stderr } = await runWarm(project, [...args, '--detach', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ runId: 'there', status: 'succeeded' });
    expect(stderr).toMatch(/^Run there of pipeline was started before \(succeeded\)\./m);
  } finally {
    worker.signal('SIGTERM');
    await worker.finished;
  }
});

test('a command that comes back to a run for which another works follows it', async () => {
  const project = makeCommandProject({ [FILE]: pipeline('new') });
  const args = ['run', FILE, '--run-id', 'shared', '--param', 'waits=true', '--json'];
  const first = new Command(project, args);
  await first.hasWritten(/Run shared of pipeline/);
  const second = new Command(project, args);
  await second.hasWritten(/another process works for it \(task queue selvage\.run\/shared\): following it/);
  go(project, 'shared');
  const [one, other] = await Promise.all([first.finished, second.finished]);
  expect([one.code, other.code]).toEqual([0, 0]);
  expect(JSON.parse(other.stdout)).toEqual(JSON.parse(one.stdout));
});
