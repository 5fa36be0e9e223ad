import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { EmbeddedServer } from 'selvage/server';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { median } from '../statistics';
import type { ManyTapestries } from './tapestries.process';

const execute = promisify(execFile);
const PROGRAM = path.join(__dirname, 'tapestries.process.ts');
const MANY = 200;
const RATIO = 1.3;
const MEMORY_RATIO = 1.15;
const FIRST_MEGABYTES = 280;
const MEGABYTES_EACH = 5;
const SIZES = [1, 10, 60, 200];
const HEAP_MEGABYTES = 256;

type Start = (side: 'ours' | 'raw', count: number, heapMegabytes?: number) => Promise<ManyTapestries>;

/** One process with many tapestries on queues of their own, beside as many workers of Temporal's SDK that share their threads. */
export const manyTapestries: Benchmark = {
  name: 'walls: many tapestries',
  run: ({ repetitions }) =>
    withServer(async (start) => {
      const samples = {
        ours: [] as ManyTapestries[],
        raw: [] as ManyTapestries[],
        alone: [] as ManyTapestries[],
      };
      for (let repetition = 0; repetition < repetitions; repetition++) {
        samples.ours.push(await start('ours', MANY));
        samples.raw.push(await start('raw', MANY));
        samples.alone.push(await start('ours', 1));
      }
      return rows(samples);
    }),
};

/** What a deployment has to give a worker. */
export const sizes: Benchmark = {
  name: 'walls: what a worker takes',
  run: () =>
    withServer(async (start) => {
      const found: Row[] = [];
      for (const count of SIZES) {
        const { idleMegabytes, idleCpuPercent, loadedMegabytes, runCpuMs } = await start(
          'ours',
          count,
          HEAP_MEGABYTES,
        );
        const inMegabytes = (megabytes: number): string => `${Math.round(megabytes)} MB`;
        found.push({
          measure: `a worker of ${count} tapestries, --max-old-space-size=${HEAP_MEGABYTES}`,
          measured:
            `idle ${inMegabytes(idleMegabytes)} and ${readable(idleCpuPercent)} % of a core; after many runs of two knots, fifty at once, ` +
            `${inMegabytes(loadedMegabytes!)}, a run ${readable(runCpuMs!)} ms of CPU, its client included`,
          numbers: { idleMegabytes, idleCpuPercent, loadedMegabytes: loadedMegabytes!, runCpuMs: runCpuMs! },
        });
      }
      return found;
    }),
};

async function withServer(measure: (start: Start) => Promise<Row[]>): Promise<Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-walls-'));
  const server = await EmbeddedServer.acquire({ projectDir: folder });
  try {
    const bundle = path.join(folder, 'bundle.js');
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(__dirname, '..', 'raw', 'quickstart.workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    await writeFile(bundle, code);
    return await measure(async (side, count, heapMegabytes) => {
      const place = await mkdtemp(path.join(folder, `${side}-`));
      const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
      const given = [side, String(count), server.address, place, bundle];
      const program = [...heap, '--require', require.resolve('tsx/cjs'), PROGRAM, ...given];
      const { stdout } = await execute(process.execPath, program, { cwd: place });
      return JSON.parse(stdout) as ManyTapestries;
    });
  } finally {
    await server.release({ wait: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function rows({ ours, raw, alone }: Record<'ours' | 'raw' | 'alone', readonly ManyTapestries[]>): Row[] {
  type Field = 'openMs' | 'firstRunMs' | 'idleMegabytes';
  const of = (samples: readonly ManyTapestries[], field: Field): number[] =>
    samples.map((sample) => sample[field]);
  const ratio = (measure: string, field: Field, limit: number, unit: string, beside = raw): Row => {
    const [own, other] = [of(ours, field), of(beside, field)];
    const remark = `${Math.round(median(own))} against ${Math.round(median(other))} ${unit}`;
    return limited(measure, median(own) / median(other), limit, 'x', { ours: own, raw: other }, remark);
  };
  return [
    ratio(`open ${MANY} tapestries / ${MANY} workers of the SDK with one creator`, 'openMs', RATIO, 'ms'),
    ratio(`first run of the last of ${MANY} tapestries / of one`, 'firstRunMs', RATIO, 'ms', alone),
    ratio(
      `memory of ${MANY} tapestries, idle / of ${MANY} such workers`,
      'idleMegabytes',
      MEMORY_RATIO,
      'MB',
    ),
    limited(
      `memory of ${MANY} tapestries, idle`,
      median(of(ours, 'idleMegabytes')),
      FIRST_MEGABYTES + MEGABYTES_EACH * MANY,
      'MB',
      { one: of(alone, 'idleMegabytes') },
      `one ${Math.round(median(of(alone, 'idleMegabytes')))} MB`,
    ),
  ];
}
