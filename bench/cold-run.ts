import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedServer } from 'selvage/server';
import { limited, type Benchmark } from './benchmark';
import { median, timed } from './statistics';

const ROOT = path.join(__dirname, '..');
const COMMAND = path.join(ROOT, 'lib', 'cli', 'main.js');
const QUICKSTART = path.join(ROOT, 'examples', 'quickstart', 'pipeline.ts');
const LIMIT_MS = 3_000;

/** One command in an empty project: server, worker and run. The server's program is there already. */
export const coldRun: Benchmark = {
  name: 'cold selvage run',
  async run({ repetitions }) {
    // The first one may have to install the server's program.
    await timeColdRun();
    const times: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timeColdRun());
    return [limited('cold selvage run of the quickstart', median(times), LIMIT_MS, 'ms', { times })];
  },
};

async function timeColdRun(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-cold-'));
  try {
    return await timed(() =>
      promisify(execFile)(process.execPath, [COMMAND, 'run', QUICKSTART, '--param', 'x=5'], { cwd: folder }),
    );
  } finally {
    await stopServerOf(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The server stays warm for a while; the next cold run must not have to share the machine with it. */
async function stopServerOf(folder: string): Promise<void> {
  const server = await EmbeddedServer.acquire({ projectDir: folder });
  await server.release({ wait: true });
}
