import { kafkaTrigger } from '../../../src';
import { openKafkaClient, type KafkaClient } from '../../../src/adapters/kafka';
import type { Logger } from '../../../src/authoring';
import { KafkaPlace } from '../../support/kafka-place';
import { describeWithPrivate, startPrivateKafka, type PrivateService } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { until } from '../../support/until';
import { orders } from './orders';

const PASSWORD = 'orders-secret-word';

describeWithPrivate('kafka')('a broker that asks who one is', () => {
  let broker: PrivateService;
  let place: KafkaPlace;
  beforeAll(async () => {
    broker = await startPrivateKafka({
      settings: {
        // The listener keeps its name, and asks for a password.
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
          `username="admin" password="admin" user_admin="admin" user_orders="${PASSWORD}";`,
      },
    });
    place = await KafkaPlace.open(broker.address, { username: 'orders', password: PASSWORD });
  });
  afterAll(async () => {
    await place.close();
    await broker.stop();
  });

  const client =
    (password: string) =>
    (options: { readonly logger?: Logger }): Promise<KafkaClient> =>
      openKafkaClient(
        {
          brokers: [broker.address],
          prefix: 'SELVAGE_KAFKA',
          sasl: { mechanism: 'plain', username: 'orders', password },
        },
        options,
      );

  test('lets the right one read', async () => {
    const topic = await place.topic();
    const host = new RecordingHost();
    place.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic }), {
      open: client(PASSWORD),
    });
    await place.send(topic, { a: 1 });
    await until('it is delivered', () => host.delivered.length === 1);
    await place.stopAll();
    expect(host.lines.join('\n')).not.toContain(PASSWORD);
  });

  test('refuses another, which is told without a word of the password', async () => {
    const wrong = `${PASSWORD}-but-wrong`;
    const topic = await place.topic();
    const host = new RecordingHost();
    place.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic }), { open: client(wrong) });
    const error = await until('it is told', () => host.troubles[0]);
    await place.stopAll();
    expect(error.code).toBe('BrokerRefused');
    expect(error.message).toContain('SELVAGE_KAFKA_PASSWORD');
    const said = [...host.lines, error.message, error.stack, String((error.cause as Error).stack)].join('\n');
    expect(said).not.toContain(wrong);
  });
});
