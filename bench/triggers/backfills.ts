import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { knot, list, local, tapestry, type Tapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { EmbeddedServer } from 'selvage/server';
import { z } from 'zod';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';

const PARTITIONS = 1_000;
const AT_ONCE = 50;
const LIMIT = 1.2;
const NAME = 'a backfill of 1,000 partitions of three local knots';

/** A backfill against a loop that starts the same runs and waits for them, as many at once, in the process of the worker. */
export const backfills: Benchmark = { name: 'triggers: backfills', run: measure };

async function measure({ repetitions }: BenchmarkOptions): Promise<Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
  const server = await EmbeddedServer.acquire({ projectDir: folder, log: console });
  const backends = await openBackends({ url: 'sqlite:.selvage/selvage.db', projectDir: folder });
  const tapestries = [partitioned('by-hand'), partitioned('backfilled')] as const;
  const [byHand, backfilled] = tapestries;
  const selvage = await Selvage.open({ address: server.address, backends, tapestries, taskQueue: 'bench' });
  try {
    const { ours, raw } = await compare(
      repetitions,
      async () => {
        const run = await selvage.partitions.backfill(backfilled, { state: 'all', concurrency: AT_ONCE });
        const { report } = await run.values();
        if (report.ok !== PARTITIONS) throw new Error(`Not all partitions are ok: ${JSON.stringify(report)}`);
      },
      () => startByHand(selvage, byHand),
    );
    const perPartition = (samples: readonly number[]): string => readable(median(samples) / PARTITIONS);
    return [
      limited(
        NAME,
        median(ours) / median(raw),
        LIMIT,
        'x by hand',
        { ours, raw },
        `${perPartition(ours)} against ${perPartition(raw)} ms a partition, ${AT_ONCE} at once`,
      ),
    ];
  } finally {
    await selvage.close();
    await backends.close();
    await server.release({ wait: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function keys(): string[] {
  return Array.from({ length: PARTITIONS }, (_, index) => `p${String(index).padStart(4, '0')}`);
}

type Partitioned = Tapestry<{ partition: string }, { total: number }>;

const step = knot('step', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x + 1);
const lengthOf = knot(
  'lengthOf',
  { input: z.object({ partition: z.object({ key: z.string() }) }), output: z.number() },
  ({ partition }) => partition.key.length,
);

function partitioned(name: string): Partitioned {
  return tapestry(name, { partition: list(keys()), knots: { dispatcher: local() } }, (_, { partition }) => {
    const a = lengthOf({ partition }, { id: 'a' });
    const b = step({ x: a }, { id: 'b' });
    return { total: step({ x: b }, { id: 'c' }) };
  }) as unknown as Partitioned;
}

async function startByHand(selvage: Selvage, tapestryOfRuns: Partitioned): Promise<void> {
  const waiting = keys().values();
  const work = async (): Promise<void> => {
    for (const partition of waiting) {
      const run = await selvage.start(tapestryOfRuns, { partition });
      await run.result({ outputs: 'none' });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
