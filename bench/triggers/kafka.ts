import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import { z } from 'zod';
import { kafkaTrigger, knot, local, tapestry, type KafkaTriggerDeclaration } from 'selvage';
import { serve, type Serving } from 'selvage/serve';
import { atLeast, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { Stage } from '../temporal/stage';

const STARTS = 1_000;
const AT_ONCE = 64;
const BATCHED = 10_000;
const BATCH = 100;
const PARTITIONS = 4;

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'y' }),
}));

const sum = knot('sum', { dispatcher: local() }, ({ xs }: { xs: number[] }) => xs.reduce((a, b) => a + b, 0));
const twice = knot('twice', { dispatcher: local() }, ({ x }: { x: number }) => x * 2);
const segment = tapestry('segment', { parameters: { xs: z.array(z.number()) } }, (_t, { xs }) => {
  const total = sum({ xs }, { id: 'total' });
  const doubled = twice({ x: total }, { id: 'doubled' });
  return { y: twice({ x: doubled }, { id: 'y' }) };
});

/** From messages in a broker to runs that are started, in one process with its consumer, without a worker. */
export const kafkaStarts: Benchmark = {
  name: 'triggers: Kafka',
  async run({ repetitions }: BenchmarkOptions): Promise<Row[]> {
    const stage = await Stage.open();
    const broker = await Broker.start();
    try {
      const messages = await broker.read(stage, 'orders', (topic) =>
        kafkaTrigger(doubling, {
          id: topic,
          topics: topic,
          format: z.object({ x: z.number() }),
          window: AT_ONCE,
        }),
      );
      let round = 0;
      const { ours, raw } = await compare(
        repetitions,
        () => messages.through(STARTS),
        () => plainStarts(stage, ++round),
      );
      const batches = await broker.read(stage, 'batches', (topic) =>
        kafkaTrigger(segment, {
          id: topic,
          topics: topic,
          format: z.object({ x: z.number() }),
          window: AT_ONCE,
          batch: { maxSize: BATCH, maxWait: 100 },
          map: (batch) => ({ xs: batch.map(({ value }) => value.x) }),
        }),
      );
      const times: number[] = [];
      for (let turn = 0; turn <= repetitions; turn++) {
        const since = performance.now();
        await batches.through(BATCHED);
        if (turn > 0) times.push(performance.now() - since);
      }
      const speed = (count: number, all: readonly number[]): number => (count * 1_000) / median(all);
      return [
        atLeast(
          `Kafka to started run against plain client.start, ${AT_ONCE} in flight`,
          median(raw) / median(ours),
          0.9,
          'times as fast',
          { ours, raw },
          `${speed(STARTS, ours).toFixed(0)} against ${speed(STARTS, raw).toFixed(0)} a second`,
        ),
        atLeast(
          `Kafka, ${BATCH} messages a run into a segment`,
          speed(BATCHED, times),
          2_000,
          'messages/s',
          { times },
          `${PARTITIONS} partitions`,
        ),
      ];
    } finally {
      await broker.stop();
      await stage.close();
    }
  },
};

/** By Temporal's client alone, in a loop. */
async function plainStarts({ selvage }: Stage, round: number): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < STARTS) {
      const index = next++;
      await selvage.client.workflow.start('doubling', {
        workflowId: `plain-${round}-${index}`,
        taskQueue: 'nobody',
        args: [{ x: index }],
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
}

const execute = promisify(execFile);
const program = path.resolve(__dirname, '../../scripts/services/main.js');

interface Stream {
  /** Sends so many messages, and resolves when all have started what they are to start. */
  through(count: number): Promise<void>;
}

class Broker {
  readonly #serving: Serving[] = [];

  private constructor(
    private readonly folder: string,
    private readonly admin: Admin,
    private readonly producer: Producer,
  ) {}

  static async start(): Promise<Broker> {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-kafka-'));
    const owner = ['--data', folder, '--while', String(process.pid)];
    const { stdout } = await execute(process.execPath, [program, 'start', 'kafka', ...owner]);
    const address = stdout.trim().split('=')[1]!;
    process.env['SELVAGE_KAFKA_BROKERS'] = address;
    const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
    const broker = new Broker(folder, kafka.admin(), kafka.producer());
    await Promise.all([broker.admin.connect(), broker.producer.connect()]);
    return broker;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#serving.map((serving) => serving.stop()));
    await Promise.all([this.admin.disconnect(), this.producer.disconnect()]);
    await execute(process.execPath, [program, 'stop', '--remove', '--data', this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async read(
    { selvage }: Stage,
    topic: string,
    declare: (topic: string) => KafkaTriggerDeclaration,
  ): Promise<Stream> {
    await this.admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
    this.#serving.push(await serve({ triggers: [declare(topic)], selvage, worker: false }));
    let sent = 0;
    return {
      through: async (count) => {
        const values = Array.from({ length: count }, (_, x) => ({
          value: JSON.stringify({ x }),
          partition: x % PARTITIONS,
        }));
        await this.producer.send({ topic, messages: values });
        sent += count;
        while ((await this.#committed(topic)) < sent) await new Promise((resolve) => setTimeout(resolve, 20));
      },
    };
  }

  async #committed(topic: string): Promise<number> {
    const [offsets] = await this.admin.fetchOffsets({ groupId: topic, topics: [topic] });
    return (offsets?.partitions ?? []).reduce((all, { offset }) => all + Math.max(0, Number(offset)), 0);
  }
}
