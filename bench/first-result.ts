import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { EmbeddedServer, findTemporalCli } from 'selvage/server';
import { limited, type Benchmark, type Row } from './benchmark';
import { freePort } from './peers/free-port';
import { compare, median, timed } from './statistics';

const ROOT = path.join(__dirname, '..');
const COMMAND = path.join(ROOT, 'lib', 'cli', 'main.js');
const QUICKSTART = path.join(ROOT, 'examples', 'quickstart', 'pipeline.ts');
const BY_HAND = path.join(__dirname, 'raw', 'quickstart.process.ts');
const LIMIT_MS = 3_000;

/**
 * `selvage run` of the quickstart, from the start of the process to its end, beside a TypeScript program on Temporal's SDK that does the same
 * with a workflow bundle that was built before: with the server running, and with none.
 */
export const firstResult: Benchmark = {
  name: 'first result',
  async run({ repetitions }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-first-'));
    try {
      const bundle = path.join(folder, 'bundle.js');
      const { code } = await bundleWorkflowCode({
        workflowsPath: path.join(__dirname, 'raw', 'quickstart.workflows.ts'),
        logger: new DefaultLogger('ERROR'),
      });
      await writeFile(bundle, code);
      return [...(await warm(folder, bundle, repetitions)), ...(await cold(bundle, repetitions))];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function warm(folder: string, bundle: string, repetitions: number): Promise<Row[]> {
  const server = await EmbeddedServer.acquire({ projectDir: folder });
  try {
    const port = server.address.split(':').at(-1)!;
    const { ours, raw } = await compare(
      repetitions,
      () => runOurs(folder),
      () => runByHand([port, bundle]),
    );
    return [ratioRow('first result with the server running', 1.2, ours, raw)];
  } finally {
    await server.release({ wait: true });
  }
}

async function cold(bundle: string, repetitions: number): Promise<Row[]> {
  const program = await findTemporalCli();
  const ours: number[] = [];
  const raw: number[] = [];
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const own = await inEmptyFolder(async (folder) => {
      const time = await timed(() => runOurs(folder));
      // It stays for a while, and the next measurement must not share the machine with it.
      const server = await EmbeddedServer.acquire({ projectDir: folder });
      await server.release({ wait: true });
      return time;
    });
    const other = await inEmptyFolder(async (folder) => {
      const port = String(await freePort());
      return await timed(() => runByHand([port, bundle, program, path.join(folder, 'temporal.db')]));
    });
    if (repetition === 0) continue;
    ours.push(own);
    raw.push(other);
  }
  return [
    ratioRow('first result with no server running', 1.2, ours, raw),
    limited('cold selvage run of the quickstart', median(ours), LIMIT_MS, 'ms', { times: ours }),
  ];
}

function ratioRow(measure: string, limit: number, ours: readonly number[], raw: readonly number[]): Row {
  const remark = `${Math.round(median(ours))} against ${Math.round(median(raw))} ms`;
  return limited(measure, median(ours) / median(raw), limit, 'x by hand', { ours, raw }, remark);
}

const execute = promisify(execFile);

async function runOurs(cwd: string): Promise<void> {
  await execute(process.execPath, [COMMAND, 'run', QUICKSTART, '--param', 'x=5'], { cwd });
}

async function runByHand(args: readonly string[]): Promise<void> {
  const tsx = require.resolve('tsx/cjs');
  const { stdout } = await execute(process.execPath, ['--require', tsx, BY_HAND, ...args], { cwd: ROOT });
  if (!stdout.includes('answer: 15'))
    throw new Error(`The program by hand came to something else: ${stdout}`);
}

async function inEmptyFolder(work: (folder: string) => Promise<number>): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-cold-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
