import path from 'node:path';
import { knot, tapestry } from 'selvage';
import { runStream } from 'selvage/serve';
import { z } from 'zod';
import { limited, readable, type Benchmark } from '../benchmark';
import { INTERPRETER } from '../dispatchers/workloads';
import { installPythonPackages } from '../peers/install';
import { Program } from '../peers/program';
import { median } from '../statistics';
import { onStage } from '../temporal/stage';

const ELEMENTS = 10_000;
const BATCH = 512;
const ALONE = 1_000;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const increment = knot('increment-streamed', ({ x }: { x: number }) => x + 1);
const incrementing = tapestry('incrementing-streamed', (t) => ({
  y: increment({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

/** A durable stream, against pirn's `run_stream`, which keeps nothing. From the first element to the last result. */
export const streams: Benchmark = {
  name: 'feed: stream',
  run: ({ repetitions }) =>
    onStage(async ({ selvage }) => {
      let runs = 0;
      const ours = async (elements: number, batch: number): Promise<number> => {
        let began = 0;
        const values = function* (): Generator<number> {
          began = performance.now();
          for (let value = 0; value < elements; value++) yield value;
        };
        await runStream(values(), incrementing, {
          id: `stream-${++runs}`,
          parameter: 'x',
          batch,
          concurrency: batch > 1 ? 4 : 64,
          address: selvage.location.address,
          backends: selvage.backends,
          logger: silent,
          onResult: () => {},
        });
        return performance.now() - began;
      };
      const packages = await installPythonPackages(INTERPRETER, 'pirn');
      const pirn = Program.start('pirn', {
        command: INTERPRETER,
        args: [path.join(__dirname, 'pirn_stream.py')],
        env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
      });
      try {
        const [batched, other]: [number[], number[]] = [[], []];
        for (let repetition = 0; repetition < repetitions; repetition++) {
          batched.push(await ours(ELEMENTS, BATCH));
          other.push((await pirn.run({ shape: 'fan-out', size: ELEMENTS, start: 0 })).ms);
        }
        const alone = await ours(ALONE, 1);
        const remark = `${readable(median(batched))} ms against ${readable(median(other))}; a run each: ${readable(alone / ALONE)} ms an element`;
        return [
          limited(
            `feed: stream of ${ELEMENTS} elements in batches of ${BATCH}`,
            median(batched) / median(other),
            1,
            'x pirn',
            { batched, other, alone },
            remark,
          ),
        ];
      } finally {
        await pirn.stop();
      }
    }),
};
