import { kafkaTrigger, valkeyTrigger, type Tapestry } from '../../../src';
import type { TriggerDeclaration } from '../../../src/triggers';
import { KafkaPlace } from '../../support/kafka-place';
import { withShortSessions } from '../../support/kafka-sessions';
import { unique } from '../../support/open-selvage';
import { kafkaService, valkeyService } from '../../support/services';

const PARTITIONS = 3;
/** Entries of a dead instance are taken over soon. */
const CLAIM_AFTER_MS = 1_000;

export type SourceKind = 'kafka' | 'valkey';

/** What an instance must know of where its events are. */
export interface SourceOrders {
  readonly kind: SourceKind;
  /** `host:port` of a broker, or a URL. */
  readonly server: string;
  /** The topic or stream. */
  readonly name: string;
  readonly group: string;
}

/** Where a test puts events. */
export interface Source {
  readonly orders: SourceOrders;
  /** Returns when the server has them. */
  send(events: readonly string[]): Promise<void>;
  /** How many events are not acknowledged. */
  waiting(): Promise<number>;
  close(): Promise<void>;
}

interface InInstance {
  trigger(tapestry: Tapestry<{ event: string }, object>, orders: SourceOrders): TriggerDeclaration;
  /** Calls back when the server has been told that events are done, before anything else is done with them. */
  afterAcknowledging(hit: () => void): Promise<void>;
}

export const IN_INSTANCE: Readonly<Record<SourceKind, InInstance>> = {
  kafka: {
    trigger(tapestry, { server, name, group }) {
      process.env['SELVAGE_KAFKA_BROKERS'] = server;
      return kafkaTrigger(tapestry, { id: name, topics: name, group });
    },
    async afterAcknowledging(hit) {
      await withShortSessions((consumer) => consumer.on(consumer.events.COMMIT_OFFSETS, hit));
    },
  },
  valkey: {
    trigger(tapestry, { server, name, group }) {
      process.env['SELVAGE_VALKEY'] = server;
      return valkeyTrigger(tapestry, { id: name, stream: name, group, claimAfter: CLAIM_AFTER_MS });
    },
    async afterAcknowledging(hit) {
      const { Redis } = await import('iovalkey');
      const original = Redis.prototype.callBuffer;
      Redis.prototype.callBuffer = async function callBuffer(
        this: object,
        command: string,
        ...rest: unknown[]
      ) {
        const answer: unknown = await Reflect.apply(original, this, [command, ...rest]);
        if (command.toUpperCase() === 'XACK') hit();
        return answer;
      };
    },
  },
};

export async function openSource(kind: SourceKind): Promise<Source> {
  return kind === 'kafka' ? await openTopic() : await openStream();
}

async function openTopic(): Promise<Source> {
  const orders = {
    kind: 'kafka',
    server: await kafkaService(),
    name: unique('topic'),
    group: unique('group'),
  } as const;
  const place = await KafkaPlace.open(orders.server);
  await place.topic(PARTITIONS, orders.name);
  return {
    orders,
    async send(events) {
      const messages = events.map((event, index) => ({
        value: JSON.stringify({ event }),
        partition: index % PARTITIONS,
      }));
      await place.send(orders.name, ...messages);
    },
    waiting: () => place.waiting(orders.group, orders.name),
    async close() {
      await place.admin.deleteTopics({ topics: [orders.name] });
      await place.close();
    },
  };
}

async function openStream(): Promise<Source> {
  const { Redis } = await import('iovalkey');
  const orders = {
    kind: 'valkey',
    server: await valkeyService(),
    name: unique('stream'),
    group: unique('group'),
  } as const;
  const client = new Redis(orders.server.replace(/^valkey:/, 'redis:'));
  return {
    orders,
    async send(events) {
      for (const event of events) await client.xadd(orders.name, '*', 'data', JSON.stringify({ event }));
    },
    async waiting() {
      const groups = (await client.xinfo('GROUPS', orders.name)) as unknown[][];
      const group = Object.fromEntries(
        groups[0]!.flatMap((value, index, all) => (index % 2 === 0 ? [[value, all[index + 1]]] : [])),
      ) as { pending: number; lag: number };
      return group.pending + group.lag;
    },
    async close() {
      await client.del(orders.name);
      client.disconnect();
    },
  };
}
