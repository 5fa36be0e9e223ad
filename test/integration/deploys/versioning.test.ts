import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Selvage } from '../../../src/client';
import { findTemporalCli } from '../../../src/server';
import { beginsCommands, type Command, makeCommandProject, runCommand } from '../../support/command-line';
import { readFile } from '../../support/doc-snippets';
import { closeAll, onClose, unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const run = promisify(execFile);

/** Says which build has called it, and waits for the file `go` if it is the first. */
const PIPELINE = `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';
const first = knot('first', async (_: object, { signal }) => {
  while (!existsSync('go')) await sleep(20, undefined, { signal });
  return process.env.BUILD;
});
const second = knot('second', ({ before }: { before: unknown }) => String(before) + '+' + process.env.BUILD);
export const both = tapestry('both', () => ({ end: second({ before: first({}, { id: 'first' }) }, { id: 'end' }) }));
`;

/** The same, with a signal in between for which no worker is busy. */
const HELD = `
import { z } from 'zod';
import { knot, tapestry, waitForSignal } from 'selvage';
const first = knot('first', () => process.env.BUILD);
const second = knot('second', ({ before }: { before?: string; approval: unknown }) => before + '+' + process.env.BUILD);
export const both = tapestry('both', () => {
  const before = first({}, { id: 'first' });
  const approval = waitForSignal({ name: 'approve', schema: z.object({ by: z.string() }), after: [before] }, { id: 'approval' });
  return { end: second({ before, approval }, { id: 'end' }) };
});
`;

const BUILDS = ['1', '2'] as const;
type Build = (typeof BUILDS)[number];

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

/** The words of a command of the page, for a deployment of this test and its builds. */
function command(containing: string, deployment: string): string[] {
  const line = readFile('docs/operations/upgrade.md')
    .split('\n')
    .find((one) => one.startsWith('$ ') && one.includes(containing))!;
  const words = line
    .replace(/^\$ (npx selvage|temporal) /, '')
    .replace(/(--deployment(?:-name)?) shop/, `$1 ${deployment}`)
    .replace('2026-01-31', BUILDS[0])
    .replace('2026-02-01', BUILDS[1]);
  return words.split(' ');
}

/** A project with a deployment and a queue of its own. */
async function deployed(pipeline: string, versioning: readonly string[] = []) {
  const address = sharedServerAddress();
  const project = makeCommandProject({ 'pipeline.ts': pipeline });
  const deployment = unique('shop');
  const place = ['--address', address, '--task-queue', unique('versioned')];
  const temporal = await findTemporalCli({});
  const selvage = await Selvage.connect({ address, projectDir: project });
  onClose(() => selvage.close());
  const act = async (containing: string): Promise<string> =>
    (await run(temporal, [...command(containing, deployment), '--address', address])).stdout;
  return {
    project,
    selvage,
    act,
    /** Until the server has heard of the build by the polls of its workers. */
    actOnceKnown: (containing: string): Promise<unknown> =>
      until(containing, () =>
        act(containing).then(
          () => true,
          () => false,
        ),
      ),
    async worker(build: Build): Promise<Command> {
      const words = command('worker pipeline.ts', deployment).map((word) =>
        word === BUILDS[0] ? build : word,
      );
      const one = begin(project, [...words, ...versioning, ...place], { BUILD: build });
      await one.hasWritten(/Worker of both/);
      return one;
    },
    async start(): Promise<string> {
      const words = ['run', 'pipeline.ts', '--detach', '--json', ...place];
      return (JSON.parse((await runCommand(project, words)).stdout) as { runId: string }).runId;
    },
    end: async (runId: string): Promise<unknown> =>
      (await selvage.getRun<{ end: string }>(runId).values()).end,
  };
}

const FIRST_IS_CURRENT = 'set-current-version --deployment-name shop --build-id 2026-01-31';
const SECOND_IS_CURRENT = 'set-current-version --deployment-name shop --build-id 2026-02-01';

test('runs stay with the build that began them, new ones begin on the current one, and it can go back', async () => {
  const { project, act, actOnceKnown, worker, start, end } = await deployed(PIPELINE);
  const old = await worker('1');
  await actOnceKnown(FIRST_IS_CURRENT);
  const one = await start();
  await old.hasWritten(/begins/);
  await worker('2');
  await actOnceKnown('set-ramping-version');
  await act(SECOND_IS_CURRENT);
  const two = await start();
  await until('the old build drains', async () => /draining/i.test(await act('describe-version')));
  expect(existsSync(path.join(project, 'go'))).toBe(false);
  await writeFile(path.join(project, 'go'), '');
  expect([await end(one), await end(two)]).toEqual(['1+1', '2+2']);
  // Back.
  await act(FIRST_IS_CURRENT);
  expect(await end(await start())).toBe('1+1');
});

test('a run of a build with auto-upgrade goes on in the build that is current, also when its own is gone', async () => {
  const { selvage, actOnceKnown, worker, start, end } = await deployed(HELD, [
    '--versioning',
    'auto-upgrade',
  ]);
  const old = await worker('1');
  await actOnceKnown(FIRST_IS_CURRENT);
  const run = selvage.getRun(await start());
  await until('it waits', async () =>
    (await run.status()).waiting?.knots?.some(({ knotId }) => knotId === 'approval'),
  );
  await worker('2');
  await actOnceKnown(SECOND_IS_CURRENT);
  old.signal('SIGTERM');
  expect(await old.finished).toMatchObject({ code: 0 });
  await run.signal('approve', { by: 'Anna' });
  expect(await end(run.runId)).toBe('1+2');
});
