import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { EmbeddedServer } from 'selvage/server';
import { limited, readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';
import { LOCAL_CHAIN_1000 } from '../temporal/workloads';

/** Benches are bundled elsewhere, so that they find the package by its name. */
const PACKAGE = path.dirname(require.resolve('selvage/package.json'));
const LIMIT = 1.03;
/** More often than Prometheus asks by default. */
const SCRAPED_EACH_MS = 5_000;

interface Worker {
  run(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A chain of `local()` by two workers of the command line: one is asked for its metrics, the other counts nothing. */
export const metrics: Benchmark = {
  name: 'operations: metrics',
  async run({ repetitions }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
    const server = await EmbeddedServer.acquire({ projectDir: folder, log: console });
    const workers: Worker[] = [];
    try {
      const counted = await startWorker(folder, server.address, 'counted', ['--health-port', '0']);
      workers.push(counted);
      const plain = await startWorker(folder, server.address, 'plain', []);
      workers.push(plain);
      const { ours, raw } = await compare(repetitions, counted.run, plain.run);
      const [withMetrics, without] = [median(ours), median(raw)];
      return [
        limited(
          'operations: a chain of 1000 local() with metrics',
          withMetrics / without,
          LIMIT,
          'x without',
          { ours, raw },
          `${readable(withMetrics)} against ${readable(without)} ms`,
        ),
      ];
    } finally {
      for (const worker of workers) await worker.stop();
      await server.release({ wait: true });
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function startWorker(
  folder: string,
  address: string,
  taskQueue: string,
  words: readonly string[],
): Promise<Worker> {
  // A database each: what one leaves for later must not be done by the other.
  const projectDir = path.join(folder, taskQueue);
  await mkdir(projectDir);
  const program = path.join(PACKAGE, 'lib', 'cli', 'main.js');
  const file = path.join(PACKAGE, 'bench', 'operations', 'chain.fixture.ts');
  const place = ['--address', address, '--project-dir', projectDir, '--task-queue', taskQueue];
  const child = spawn(process.execPath, [program, 'worker', file, ...place, ...words], {
    cwd: projectDir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let url: string | undefined;
  for await (const line of createInterface(child.stderr)) {
    url = /metrics at (\S+)/.exec(line)?.[1];
    if (url !== undefined || (words.length === 0 && line.includes('Worker of'))) break;
  }
  child.stderr.resume();
  const scraping =
    url === undefined
      ? undefined
      : setInterval(() => void fetch(`${url}/metrics`).then((answer) => answer.text()), SCRAPED_EACH_MS);
  const backends = await openBackends({ projectDir });
  const selvage = await Selvage.connect({ address, projectDir, backends, taskQueue });
  const tapestry = LOCAL_CHAIN_1000.tapestry();
  let start = 0;
  return {
    run: async () => await (await selvage.start(tapestry, { start: (start += 1) })).values(),
    async stop() {
      clearInterval(scraping);
      await selvage.close();
      await backends.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
