import { limited, readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';
import { Stage } from './stage';
import { FAN_OUT_1000, WAITED_FOR, WAITING_1000 } from './workloads';

const FACTOR = 2;

/** As many signals at once as there are waits, against a knot on a queue for each. */
export const signals: Benchmark = {
  name: `signals to ${WAITING_1000.name}`,
  async run({ repetitions }) {
    const stage = await Stage.open();
    const workers = [
      await stage.startWorker('ours', WAITING_1000),
      await stage.startWorker('ours', FAN_OUT_1000),
    ];
    const waiting = WAITING_1000.tapestry();
    const queued = FAN_OUT_1000.tapestry();
    try {
      const { ours, raw } = await compare(
        repetitions,
        async () => {
          const run = await stage.selvage.start(waiting, { start: 1 });
          await Promise.all(Array.from({ length: WAITING_1000.size }, (_, n) => run.signal(WAITED_FOR, n)));
          await run.values();
        },
        () => stage.runOurs(queued),
      );
      const each = (samples: readonly number[]): string => readable(median(samples) / WAITING_1000.size);
      return [
        limited(
          this.name,
          median(ours) / median(raw),
          FACTOR,
          'x a queued knot',
          { ours, raw },
          `${each(ours)} against ${each(raw)} ms each`,
        ),
      ];
    } finally {
      for (const worker of workers) await worker.stop();
      await stage.close();
    }
  },
};
