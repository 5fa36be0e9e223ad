/** Program: a member of a group, until it is killed. */
import { openKafkaClient } from '../../../src/adapters/kafka';

async function consume(address: string, topic: string): Promise<void> {
  const client = await openKafkaClient({ brokers: [address], prefix: 'SELVAGE_KAFKA' });
  await client.consume(
    { group: topic, topics: [{ name: topic, from: 'earliest' }], sessionTimeout: 300_000 },
    { assigned: () => void process.send!('assigned'), received: () => {}, died: () => process.exit(1) },
  );
}

process.on('disconnect', () => process.exit());
const [, , address, topic] = process.argv;
void consume(address!, topic!);
