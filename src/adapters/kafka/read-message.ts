import { createHash } from 'node:crypto';
import { SelvageError } from '../../errors';
import {
  decodeMessage,
  type DecodingFault,
  type KafkaMessage,
  type KafkaSettings,
  type TriggerEvent,
} from '../../triggers';
import type { KafkaHeaders, KafkaRecord, TopicPartition } from './broker';

export type PlacedRecord = KafkaRecord & TopicPartition;

/** The parts of a record that a trigger reads, and its identity. */
export interface ReadMessage {
  readonly message: KafkaMessage;
  readonly key: string;
  /** A hash of the message, set if the key is the sender's own. */
  readonly requestHash?: string;
}

/** Reads a record as its trigger declares. Throws `UnreadableMessage`, if the record itself is at fault. */
export async function readMessage(
  settings: Pick<KafkaSettings, 'format' | 'key'>,
  record: PlacedRecord,
): Promise<ReadMessage> {
  const { topic, partition, offset, timestamp } = record;
  const headers = textsOf(record.headers);
  const ownKey = settings.key && senderKey(settings.key.header, headers, record);
  return {
    message: {
      value: await valueOf(settings.format, record),
      key: record.key?.toString('utf8') ?? null,
      headers,
      topic,
      partition,
      offset: Number(offset),
      timestamp: new Date(timestamp),
    },
    // A recreated topic counts offsets from 0 again.
    key: ownKey ?? placeKey(record),
    ...(ownKey !== undefined && { requestHash: hashOf(record.value) }),
  };
}

function placeKey({ topic, partition, offset, timestamp }: PlacedRecord): string {
  return `${topic}/${partition}/${offset}@${timestamp}`;
}

/** An event for one message; its parameters are made from the message, or are its value. */
export function eventOfMessage(
  settings: KafkaSettings,
  record: PlacedRecord,
  read: ReadMessage,
): TriggerEvent {
  const { key, message, requestHash = hashOfEnds(record.offset, record.offset) } = read;
  return {
    key,
    body: settings.map ? message : message.value,
    link: { topic: record.topic, partition: record.partition, offset: Number(record.offset) },
    requestHash,
    traceparent: message.headers['traceparent'],
  };
}

/**
 * An event for consecutive messages. The key of a batch says where its messages begin, and its hash where they end. A
 * process that later begins at the same message learns from it where the batch of the started run ended.
 *
 * @param end the offset of the last message, which may have been compacted away since
 */
export function eventOfBatch(
  records: readonly PlacedRecord[],
  messages: readonly KafkaMessage[],
  end: bigint,
): TriggerEvent {
  const [first] = records as [PlacedRecord];
  const { topic, partition } = first;
  return {
    key: placeKey(first),
    body: messages,
    link: {
      topic,
      partition,
      offset: Number(first.offset),
      lastOffset: Number(end),
      messages: messages.length,
    },
    requestHash: hashOfEnds(first.offset, end),
  };
}

function hashOfEnds(first: bigint, last: bigint): string {
  return hashOf(Buffer.from(`${first}-${last}`));
}

/** The offset at which an earlier event of the same key ended. The event of a single message ended where it began. */
export function endOfEvent({ offset, lastOffset = offset }: TriggerEvent['link']): bigint {
  return BigInt(lastOffset!);
}

async function valueOf(format: KafkaSettings['format'], record: PlacedRecord): Promise<unknown> {
  const result = await decodeMessage(record.value, format);
  if ('value' in result) return result.value;
  throw unreadable(record, result.complaint, result.reason, result.cause);
}

function senderKey(header: string, headers: Readonly<Record<string, string>>, record: PlacedRecord): string {
  const key = Object.hasOwn(headers, header) ? headers[header] : undefined;
  if (key) return key;
  throw unreadable(record, `has no header "${header}", which is its key`, 'WithoutKey');
}

function textsOf(headers: KafkaHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const last = Buffer.isBuffer(value) ? value : value.at(-1);
      return [name, last?.toString('utf8') ?? ''];
    }),
  );
}

function hashOf(bytes: Buffer | null): string {
  return createHash('sha256')
    .update(bytes ?? 'null')
    .digest('hex');
}

function unreadable(
  { topic, partition, offset }: PlacedRecord,
  complaint: string,
  reason: DecodingFault | 'WithoutKey',
  cause?: unknown,
): SelvageError {
  return new SelvageError(
    'UnreadableMessage',
    `The message ${topic}/${partition}/${offset} cannot be read: it ${complaint}. Correct its sender or the trigger; the message is among the dead letters.`,
    { details: { topic, partition, offset: Number(offset), reason }, cause },
  );
}
