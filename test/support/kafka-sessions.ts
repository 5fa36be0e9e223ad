import type { Consumer } from 'kafkajs';

/**
 * From here on, consumers of this process are missed by their group soon after they are lost, and not only after the half minute that Kafka gives them.
 *
 * @param made is told of each consumer
 */
export async function withShortSessions(made: (consumer: Consumer) => void = () => {}): Promise<void> {
  const { Kafka } = await import('kafkajs');
  const original = Kafka.prototype.consumer;
  Kafka.prototype.consumer = function consumer(options) {
    const consumer = original.call(this, { ...options, sessionTimeout: 2_000, heartbeatInterval: 200 });
    made(consumer);
    return consumer;
  };
}
