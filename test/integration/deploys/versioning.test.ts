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

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

/** The words of the page's commands of Temporal, for a deployment of this test. */
function command(containing: string, deployment: string, builds: readonly [string, string]): string[] {
  const line = readFile('docs/operations/upgrade.md')
    .split('\n')
    .find((one) => one.startsWith('$ temporal ') && one.includes(containing))!;
  return line
    .replace('$ temporal ', '')
    .replace('--deployment-name shop', `--deployment-name ${deployment}`)
    .replace('2026-01-31', builds[0])
    .replace('2026-02-01', builds[1])
    .split(' ');
}

test('runs stay with the build that began them, new ones begin on the current one, and it can go back', async () => {
  const address = sharedServerAddress();
  const project = makeCommandProject({ 'pipeline.ts': PIPELINE });
  const deployment = unique('shop');
  const queue = unique('versioned');
  const temporal = await findTemporalCli({});
  const act = async (words: readonly string[]): Promise<string> =>
    (await run(temporal, [...words, '--address', address])).stdout;
  const worker = async (buildId: string): Promise<Command> => {
    const words = ['worker', 'pipeline.ts', '--address', address, '--queue', queue];
    const one = begin(project, [...words, '--deployment', deployment, '--build-id', buildId], {
      BUILD: buildId,
    });
    await one.hasWritten(/Worker of both/);
    return one;
  };
  const start = async (): Promise<string> => {
    const words = ['run', 'pipeline.ts', '--detach', '--json', '--address', address, '--queue', queue];
    return (JSON.parse((await runCommand(project, words)).stdout) as { runId: string }).runId;
  };
  const builds = ['1', '2'] as const;
  const current = command(
    'set-current-version --deployment-name shop --build-id 2026-01-31',
    deployment,
    builds,
  );
  const next = command(
    'set-current-version --deployment-name shop --build-id 2026-02-01',
    deployment,
    builds,
  );
  const ramp = command('set-ramping-version', deployment, builds);
  const describe = command('describe-version', deployment, builds);

  const old = await worker('1');
  await until('build 1 is current', () =>
    act(current).then(
      () => true,
      () => false,
    ),
  );
  const one = await start();
  await old.hasWritten(/begins/);
  await worker('2');
  await until('build 2 takes a part', () =>
    act(ramp).then(
      () => true,
      () => false,
    ),
  );
  await act(next);
  const two = await start();
  await until('the old build drains', async () => /draining/i.test(await act(describe)));
  expect(existsSync(path.join(project, 'go'))).toBe(false);
  await writeFile(path.join(project, 'go'), '');
  const selvage = await Selvage.connect({ address, projectDir: project });
  onClose(() => selvage.close());
  const valueOf = async (runId: string): Promise<unknown> =>
    (await selvage.getRun<{ end: string }>(runId).values()).end;
  expect([await valueOf(one), await valueOf(two)]).toEqual(['1+1', '2+2']);
  // Back.
  await act(current);
  expect(await valueOf(await start())).toBe('1+1');
});
