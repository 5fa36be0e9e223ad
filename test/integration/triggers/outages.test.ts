import { z } from 'zod';

import { kafkaTrigger, knot, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import { Selvage } from '../../../src/client';
import { serve, type Serving } from '../../../src/serve';
import { FaultProxy } from '../../support/fault-proxy';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { KafkaPlace } from '../../support/kafka-place';
import { closeAll, onClose, unique } from '../../support/open-selvage';
import { describeWithPrivate, startPrivateKafka, type PrivateService } from '../../support/services';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';

/*
 * One after another, the broker, the Temporal server and the backends are away under a trigger that is served.
 */

const LIMIT_MS = 120_000;
const EVENTS = 5;
/** So that a trigger whose broker is away tries again soon. */
const DELAYS = { base: 100, max: 1_000 };

const keep = knot('keep', ({ event }: { event: string }) => event);

interface Stage {
  readonly serving: Serving;
  readonly trigger: string;
  readonly tapestry: string;
  readonly broker: PrivateService;
  readonly lines: Readonly<Record<'temporal' | 'postgres', FaultProxy>>;
  readonly place: KafkaPlace;
  readonly topic: string;
  readonly waiting: () => Promise<number>;
}

describeWithPrivate('kafka', 'postgres')('while a part is away', () => {
  const environment = { ...process.env };
  let stage: Stage;
  const sent: string[] = [];

  beforeAll(async () => {
    const broker = await startPrivateKafka();
    onClose(() => broker.stop());
    const database = await freshPostgresDatabase();
    onClose(() => database.drop());
    const [host, port] = sharedServerAddress().split(':');
    const lines = {
      postgres: await FaultProxy.to(database.url),
      temporal: await FaultProxy.to({ host: host!, port: Number(port) }),
    };
    for (const line of Object.values(lines)) onClose(() => line.close());

    const place = await KafkaPlace.open(broker.address);
    onClose(() => place.close());
    const [name, id] = [unique('outages'), unique('outages')];
    const topic = await place.topic(2);

    process.env['SELVAGE_KAFKA_BROKERS'] = broker.address;
    const url = lines.postgres.addressOf(database.url);
    const backends = await openBackends({ store: url, history: url, data: url, environment: {} });
    onClose(() => backends.close());
    const selvage = await Selvage.connect({
      address: `127.0.0.1:${lines.temporal.port}`,
      taskQueue: unique('outages'),
      backends,
    });
    onClose(() => selvage.close());
    const kept = tapestry(name, (t) => ({
      kept: keep({ event: t.parameter('event', z.string()) }, { id: 'kept' }),
    }));
    const serving = await serve({
      triggers: [kafkaTrigger(kept, { id, topics: topic })],
      selvage,
      worker: false,
      delays: DELAYS,
    });
    onClose(() => serving.stop());
    stage = {
      serving,
      trigger: `kafka:${id}`,
      tapestry: name,
      broker,
      lines,
      place,
      topic,
      waiting: () => place.waiting(id, topic),
    };
  }, LIMIT_MS);

  afterAll(async () => {
    process.env = environment;
    await closeAll();
  }, LIMIT_MS);

  async function send(): Promise<void> {
    const events = Array.from({ length: EVENTS }, (_, index) => `event-${sent.length + index}`);
    sent.push(...events);
    const messages = events.map((event, index) => ({
      value: JSON.stringify({ event }),
      partition: index % 2,
    }));
    await stage.place.send(stage.topic, ...messages);
  }

  /** One run each: the server is asked past the line that may be away. */
  async function allHaveStarted(): Promise<void> {
    const { serving, tapestry: name, waiting } = stage;
    // A new group has no coordinator at first.
    await until('all is acknowledged', async () => (await waiting().catch(() => NaN)) === 0, LIMIT_MS);
    // The server's listing comes a little later than the runs.
    const started = await until(
      `the server lists ${sent.length} runs`,
      async () => {
        const listed: string[] = [];
        const query = `WorkflowType = "${name}"`;
        for await (const { workflowId } of serving.selvage.client.workflow.list({ query }))
          listed.push(workflowId);
        return listed.length >= sent.length ? listed : undefined;
      },
      LIMIT_MS,
    );
    expect(started).toHaveLength(sent.length);
    expect(new Set(started).size).toBe(sent.length);
  }

  const stateOfTrigger = async (): Promise<{ ready: boolean; error?: string }> =>
    (await stage.serving.readiness()).parts[stage.trigger]!;

  async function saysWhy(code: string): Promise<void> {
    await until(
      `the trigger says ${code}`,
      async () => {
        const { ready, error } = await stateOfTrigger();
        return !ready && error === code;
      },
      LIMIT_MS,
    );
  }

  async function deliversAgain(): Promise<void> {
    await until('the trigger delivers again', async () => (await stateOfTrigger()).ready, LIMIT_MS);
  }

  test('nothing is: every event starts its run', async () => {
    await send();
    await allHaveStarted();
  });

  test.each([
    ['the Temporal server', 'temporal', 'ServerUnreachable'],
    ['the backends', 'postgres', 'BackendUnavailable'],
  ] as const)('%s: events wait, the trigger says why, and each starts one run', async (_, line, code) => {
    await stage.lines[line].refuse();
    await send();
    await saysWhy(code);
    expect(await stage.waiting()).toBe(EVENTS);
    await stage.lines[line].mend();
    await deliversAgain();
    await allHaveStarted();
  });

  test('the broker: the trigger says so, and goes on where it was', async () => {
    await stage.broker.kill();
    await saysWhy('BrokerUnavailable');
    await stage.broker.restart();
    await deliversAgain();
    await send();
    await allHaveStarted();
  });
});
