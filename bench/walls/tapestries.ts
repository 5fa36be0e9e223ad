import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { EmbeddedServer } from 'selvage/server';
import { limited, type Benchmark, type Row } from '../benchmark';
import { median } from '../statistics';
import type { ManyTapestries } from './tapestries.process';

const execute = promisify(execFile);
const PROGRAM = path.join(__dirname, 'tapestries.process.ts');
const MANY = 200;
const RATIO = 1.3;
const MEMORY_RATIO = 1.15;
const FIRST_MEGABYTES = 280;
const MEGABYTES_EACH = 5;

/** One process with many tapestries on queues of their own, beside as many workers of Temporal's SDK that share their threads. */
export const manyTapestries: Benchmark = {
  name: 'walls: many tapestries',
  async run({ repetitions }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-walls-'));
    const server = await EmbeddedServer.acquire({ projectDir: folder });
    try {
      const bundle = path.join(folder, 'bundle.js');
      const { code } = await bundleWorkflowCode({
        workflowsPath: path.join(__dirname, '..', 'raw', 'quickstart.workflows.ts'),
        logger: new DefaultLogger('ERROR'),
      });
      await writeFile(bundle, code);
      const one = async (side: 'ours' | 'raw', count: number): Promise<ManyTapestries> => {
        const place = await mkdtemp(path.join(folder, `${side}-`));
        const { stdout } = await execute(
          process.execPath,
          [
            '--require',
            require.resolve('tsx/cjs'),
            PROGRAM,
            side,
            String(count),
            server.address,
            place,
            bundle,
          ],
          { cwd: place },
        );
        return JSON.parse(stdout) as ManyTapestries;
      };
      const samples = {
        ours: [] as ManyTapestries[],
        raw: [] as ManyTapestries[],
        alone: [] as ManyTapestries[],
      };
      for (let repetition = 0; repetition < repetitions; repetition++) {
        samples.ours.push(await one('ours', MANY));
        samples.raw.push(await one('raw', MANY));
        samples.alone.push(await one('ours', 1));
      }
      return rows(samples);
    } finally {
      await server.release({ wait: true });
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function rows({ ours, raw, alone }: Record<'ours' | 'raw' | 'alone', readonly ManyTapestries[]>): Row[] {
  const of = (samples: readonly ManyTapestries[], field: keyof ManyTapestries): number[] =>
    samples.map((sample) => sample[field]);
  const ratio = (
    measure: string,
    field: keyof ManyTapestries,
    limit: number,
    unit: string,
    beside = raw,
  ): Row => {
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
