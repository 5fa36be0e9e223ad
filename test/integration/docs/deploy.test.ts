import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTemporalCli } from '../../../src/server';
import { beginsCommands, makeCommandProject, runWarm } from '../../support/command-line';
import { readFile } from '../../support/doc-snippets';
import { unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const run = promisify(execFile);
const PAGE = readFile('docs/operations/deploy.md');

const begin = beginsCommands();
afterAll(removeProjects);

/** A tapestry of this name, whose knot ends when the file `go` is there, or when its worker stops. */
const pipeline = (name: string): string => `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';
const wait = knot('wait', async (_: {}, { logger, signal, attempt }) => {
  logger.info('began');
  while (!existsSync('go')) await sleep(20, undefined, { signal });
  return attempt;
});
export const waiting = tapestry('${name}', () => ({ end: wait({}, { id: 'wait' }) }));
`;

test('the retention of a namespace is what the command sets', async () => {
  const temporal = await findTemporalCli({});
  const namespace = unique('shop');
  const act = async (...words: readonly string[]): Promise<string> =>
    (await run(temporal, [...words, '--address', sharedServerAddress()])).stdout;
  await act('operator', 'namespace', 'create', '--namespace', namespace, '--retention', '1d');
  const [, line] = /^\$ temporal (operator namespace update .*)$/m.exec(PAGE)!;
  const words = line!.replace('--namespace shop', `--namespace ${namespace}`).split(' ');
  await until('the server knows the namespace', () =>
    act(...words).then(
      () => true,
      () => false,
    ),
  );
  expect(await act('operator', 'namespace', 'describe', '--namespace', namespace)).toMatch(
    /RetentionTtl\s+72h/,
  );
});

test('the command of the service works, ends with 0 on its signal, and what it had not ended goes on in the next', async () => {
  const [, line] = /`ExecStart=\/usr\/bin\/node node_modules\/selvage\/lib\/cli\/main\.js (.*?)`/.exec(PAGE)!;
  const [, signal] = /`KillSignal=(SIG\w+)`/.exec(PAGE)!;
  const words = line!.replace(/--health \d+/, '--health 0').split(' ');
  const project = makeCommandProject({ 'pipeline.ts': pipeline(unique('served')) });
  expect(existsSync(path.join(project, 'node_modules/selvage/lib/cli/main.js'))).toBe(true);
  const environment = { TEMPORAL_ADDRESS: sharedServerAddress() };
  const worker = begin(project, words, environment);
  const [, url] = await worker.hasWritten(/Answers \/livez, \/readyz and \/metrics at (http:\S+)/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const { stdout } = await runWarm(project, ['run', 'pipeline.ts', '--detach', '--json'], environment);
  const { runId } = JSON.parse(stdout) as { runId: string };
  await worker.hasWritten(/began/);
  worker.signal(signal as NodeJS.Signals);
  expect((await worker.finished).code).toBe(0);

  const next = begin(project, words, environment);
  await next.hasWritten(/began/);
  await writeFile(path.join(project, 'go'), '');
  const ended = await runWarm(project, ['watch', runId], environment);
  expect(ended).toMatchObject({ code: 0 });
});
