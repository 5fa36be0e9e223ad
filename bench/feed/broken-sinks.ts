import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { emitter, type EmitterDeclaration } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { EmbeddedServer } from 'selvage/server';
import { atLeast, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { CHAIN_100 } from '../temporal/workloads';
import { SILENT } from './delivered';

const LEAST = 0.95;
const AT_ONCE = 4;

/** What a sink does that is of no use. */
const BROKEN: Readonly<Record<string, () => Promise<void>>> = {
  hangs: () => new Promise(() => {}),
  refuses: async () => {
    throw new Error('500 Internal Server Error');
  },
  resets: async () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  },
  'accepts and fails then': async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('It has taken them, and says it has not.');
  },
};

/** Runs with four emitters that are broken in each way, all in the worker's process, against runs of which nobody hears. */
export const brokenSinks: Benchmark = { name: 'feed: broken sinks', run: measure };

async function measure({ repetitions }: BenchmarkOptions): Promise<Row[]> {
  const broken = Object.entries(BROKEN).map(([name, deliver]) =>
    emitter(name.replaceAll(' ', '-'), deliver, { timeout: 1_000 }),
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
  const server = await EmbeddedServer.acquire({ projectDir: folder, log: console });
  const open = async (name: string, emitters: readonly EmitterDeclaration[]) => {
    const backends = await openBackends({ url: `sqlite:${name}.db`, projectDir: folder });
    const tapestry = CHAIN_100.tapestry();
    const selvage = await Selvage.open({
      address: server.address,
      backends,
      tapestries: [tapestry],
      taskQueue: name,
      emitters,
      logger: SILENT,
    });
    let start = 0;
    return {
      run: async () => {
        const runs = Array.from({ length: AT_ONCE }, () => selvage.start(tapestry, { start: start++ }));
        await Promise.all(runs.map(async (run) => (await run).values()));
      },
      close: async () => {
        await selvage.close();
        await backends.close();
      },
    };
  };
  const withBroken = await open('broken', broken);
  const without = await open('without', []);
  try {
    const { ours, raw } = await compare(repetitions, withBroken.run, without.run);
    const remark = `${readable(median(ours))} against ${readable(median(raw))} ms for ${AT_ONCE} chains of 100`;
    return [
      atLeast(
        'throughput of runs while four sinks hang, refuse, reset, or accept and fail then',
        median(raw) / median(ours),
        LEAST,
        'x without',
        { ours, raw },
        remark,
      ),
    ];
  } finally {
    await withBroken.close();
    await without.close();
    await server.release({ wait: true });
    await rm(folder, { recursive: true, force: true });
  }
}
