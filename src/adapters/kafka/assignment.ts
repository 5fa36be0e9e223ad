import type { Consumer } from 'kafkajs';
import type { ConsumeOptions, TopicPartition } from './broker';

export function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

/** Seeks to the caller's places, in those partitions that have one. */
export function seekAfter(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  after: ConsumeOptions['after'],
): void {
  for (const place of partitions) {
    const offset = after?.(place);
    if (offset !== undefined) consumer.seek({ ...place, offset: String(offset + 1n) });
  }
}
