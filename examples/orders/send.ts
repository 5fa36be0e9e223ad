import { Kafka, logLevel } from 'kafkajs';

/** Sends orders, each an argument, to the topic `orders`. */
async function main(orders: readonly string[]): Promise<void> {
  const brokers = (process.env.SELVAGE_KAFKA_BROKERS ?? '127.0.0.1:9092').split(',');
  const kafka = new Kafka({ clientId: 'shop', brokers, logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const messages = orders.map((order) => {
    const { id } = JSON.parse(order) as { id: string };
    // The key keeps what is sent of one order in one partition; the header tells one order from another.
    return { key: id, value: order, headers: { id } };
  });
  if (messages.length > 0) await producer.send({ topic: 'orders', messages });
  await producer.disconnect();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
