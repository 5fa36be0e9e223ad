import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTemporalCli } from '../../../src/server';
import { beginsCommands, makeCommandProject, runWarm } from '../../support/command-line';
import { readFile } from '../../support/doc-snippets';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { closeAll, onClose, unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const run = promisify(execFile);
const PAGE = readFile('docs/operations/deploy.md');

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

/** A tapestry of this name, whose knot leaves a process behind, and ends when the file `go` is there, or when its worker stops. */
const pipeline = (name: string): string => `
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';
const wait = knot('wait', async (_: {}, { logger, signal }) => {
  spawnSync('sh', ['-c', 'true &']);
  logger.info('began in ' + process.pid);
  while (!existsSync('go')) await sleep(20, undefined, { signal });
});
export const waiting = tapestry('${name}', () => ({ end: wait({}, { id: 'wait' }) }));
`;

/** With a webhook, whose status URLs need a secret. */
const SERVED = `
import { bearer, knot, tapestry, webhook } from 'selvage';
const one = knot('one', () => 1);
const served = tapestry('served', () => ({ one: one({}, { id: 'one' }) }));
export const hook = webhook(served, { path: '/hook', verify: bearer({ token: { env: 'HOOK_TOKEN' } }) });
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

interface Way {
  readonly signal: NodeJS.Signals;
  /** Words of a program that starts it and passes no signal on. */
  readonly behind?: readonly string[];
  /** The id that the worker sees of itself. */
  readonly pid?: number;
}

function isPermitted(words: readonly string[]): boolean {
  return spawnSync('unshare', [...words, 'true']).status === 0;
}

const NAMESPACES = ['--pid', '--mount', '--fork', '--mount-proc', '--kill-child'];
const unshare = [[], ['--map-root-user']].find((more) => isPermitted([...more, ...NAMESPACES]));
if (!unshare)
  process.stderr.write('SKIPPED: processes as PID 1: unshare of a pid namespace is not permitted here.\n');

/** As PID 1, with nothing but /tmp to write in. */
const ON_READ_ONLY_ROOT = [
  ...['unshare', ...(unshare ?? []), ...NAMESPACES, 'sh', '-c'],
  ...['mount --bind -o ro "$PWD" "$PWD" && cd "$PWD" && exec "$@"', 'sh'],
];

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function isZombie(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

describe('a worker that is told to stop ends with 0, and what it had not ended goes on in the next', () => {
  const MAIN = 'node_modules/selvage/lib/cli/main.js';

  async function stops(words: readonly string[], { behind = [], pid, signal }: Way): Promise<void> {
    const project = makeCommandProject({ 'pipeline.ts': pipeline(unique('deployed')) });
    expect(existsSync(path.join(project, MAIN))).toBe(true);
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    const environment = {
      TEMPORAL_ADDRESS: sharedServerAddress(),
      ...Object.fromEntries(['STORE', 'HISTORY', 'DATA'].map((of) => [`SELVAGE_${of}`, url])),
    };
    // Any free port instead of the one on the page.
    const args = words.map((word, index) => (words[index - 1] === '--health-port' ? '0' : word));
    const worker = begin(project, args, environment, { behind });
    const [, health] = await worker.hasWritten(/Answers \/livez, \/readyz and \/metrics at (http:[^\s"]+)/);
    expect((await fetch(`${health}/readyz`)).status).toBe(200);
    const { stdout } = await runWarm(project, ['run', 'pipeline.ts', '--detach', '--json'], environment);
    const { runId } = JSON.parse(stdout) as { runId: string };
    await worker.hasWritten(pid === undefined ? /began in \d+/ : new RegExp(`began in ${pid}\\b`));
    // A program that passes signals on to nobody has the worker as its child.
    const [process_ = worker.pid!] = behind.length === 0 ? [] : childrenOf(worker.pid!);
    // What the body has left behind ends under PID 1, which does not ask for its exit code.
    if (pid === 1) await until('a zombie is there', () => childrenOf(process_).some(isZombie));
    process.kill(process_, signal);
    expect((await worker.finished).code).toBe(0);
    expect(existsSync(path.join(project, '.selvage'))).toBe(false);

    const next = begin(project, args, environment);
    await next.hasWritten(/began in/);
    await writeFile(path.join(project, 'go'), '');
    expect(await runWarm(project, ['watch', runId], environment)).toMatchObject({ code: 0 });
  }

  test('as the service', async () => {
    const [, line] = /`ExecStart=\/usr\/bin\/node (.*?)`/.exec(PAGE)!;
    const [, signal] = /`KillSignal=(SIG\w+)`/.exec(PAGE)!;
    const [main, ...words] = line!.split(' ');
    expect(main).toBe(MAIN);
    await stops(words, { signal: signal as NodeJS.Signals });
  });

  (unshare ? test : test.skip)('as PID 1 of the container, with nothing but /tmp to write in', async () => {
    const lines = readFile('docs/operations/Containerfile').split('\n');
    const [[node, main], words] = ['ENTRYPOINT', 'CMD'].map((name) => {
      const last = lines.findLast((line) => line.startsWith(`${name} `))!;
      return JSON.parse(last.slice(name.length + 1)) as string[];
    }) as [[string, string], string[]];
    expect([node, main]).toEqual(['node', MAIN]);
    const [, signal] = /^STOPSIGNAL (SIG\w+)$/m.exec(lines.join('\n'))!;
    await stops(words, { behind: ON_READ_ONLY_ROOT, pid: 1, signal: signal as NodeJS.Signals });
  });
});

(unshare ? test : test.skip)(
  'serve with a page on a read-only root names each secret that the environment lacks, and takes all from there',
  async () => {
    const project = makeCommandProject({ 'pipeline.ts': SERVED });
    const { url, drop } = await freshPostgresDatabase();
    onClose(drop);
    const environment: Record<string, string> = {
      TEMPORAL_ADDRESS: sharedServerAddress(),
      HOOK_TOKEN: randomBytes(32).toString('hex'),
      ...Object.fromEntries(['STORE', 'HISTORY', 'DATA'].map((of) => [`SELVAGE_${of}`, url])),
    };
    const [, line] = /^\$ npx selvage (serve .*--ui-host.*)$/m.exec(PAGE)!;
    const words = line!.split(' ').map((word) => (/^\d+$/.test(word) ? '0' : word));
    const serve = () => begin(project, words, environment, { behind: ON_READ_ONLY_ROOT });
    for (const variable of ['SELVAGE_STATUS_SECRET', 'SELVAGE_UI_TOKEN']) {
      const { code, stderr } = await serve().finished;
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`Set ${variable}.`),
      });
      environment[variable] = randomBytes(32).toString('hex');
    }
    const served = serve();
    const [, page] = await served.hasWritten(/Page (http:\S+) \(to act: \?token= and SELVAGE_UI_TOKEN/);
    const about = `${page}api/v1/project/about`;
    expect((await fetch(about)).status).toBe(401);
    const authorization = `Bearer ${environment['SELVAGE_UI_TOKEN']}`;
    const answer = await fetch(about, { headers: { authorization } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ abilities: { readOnly: true } });
    // The program that it is behind passes no signal on.
    const [pid1] = childrenOf(served.pid!);
    process.kill(pid1!, 'SIGTERM');
    expect((await served.finished).code).toBe(0);
  },
);
