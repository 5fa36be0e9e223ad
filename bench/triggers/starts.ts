import { z } from 'zod';
import { knot, tapestry } from 'selvage';
import { Starter } from '../../src/serve/starter';
import { declareTrigger } from '../../src/triggers';
import { atLeast, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { Stage } from '../temporal/stage';
import { compare, median } from '../statistics';

const EVENTS = 1_000;
const AT_ONCE = 64;
/** Two, as from two partitions. */
const DELIVERIES = 2;
const DELIVERED = 100;

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

/** What the starts of a trigger cost beside a plain loop that has as many in flight: no worker on either side. */
export const starts: Benchmark = {
  name: 'triggers: starts',
  async run({ repetitions }: BenchmarkOptions): Promise<Row[]> {
    const stage = await Stage.open();
    let round = 0;
    try {
      const { ours, raw } = await compare(
        repetitions,
        () => acceptedStarts(stage, ++round),
        () => plainStarts(stage, ++round),
      );
      const speed = (times: readonly number[]): string => ((EVENTS * 1_000) / median(times)).toFixed(0);
      return [
        atLeast(
          `events accepted against plain client.start, ${AT_ONCE} in flight`,
          median(raw) / median(ours),
          0.9,
          'times as fast',
          { ours, raw },
          `${speed(ours)} against ${speed(raw)} a second`,
        ),
      ];
    } finally {
      await stage.close();
    }
  },
};

/** By Temporal's client alone, in a loop. */
async function plainStarts({ selvage }: Stage, round: number): Promise<void> {
  await inFlight(AT_ONCE, EVENTS, async (index) => {
    await selvage.client.workflow.start('doubling', {
      workflowId: `plain-${round}-${index}`,
      taskQueue: 'nobody',
      args: [{ x: index }],
    });
  });
}

async function acceptedStarts({ selvage }: Stage, round: number): Promise<void> {
  const trigger = declareTrigger({ kind: 'kafka', id: `bench-${round}`, tapestry: doubling, options: {} });
  const starter = new Starter(selvage, trigger, { startsAtOnce: AT_ONCE });
  await inFlight(DELIVERIES, EVENTS / DELIVERED, async (delivery) => {
    const events = Array.from({ length: DELIVERED }, (_, index) => {
      const offset = delivery * DELIVERED + index;
      return {
        key: `orders/0/${offset}`,
        body: { x: offset },
        link: { topic: 'orders', partition: 0, offset },
      };
    });
    await starter.accept(events);
  });
}

async function inFlight(
  atOnce: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}
