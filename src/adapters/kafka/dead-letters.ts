import type { DeadLetterReason } from '../../streams';
import type { Acceptance } from '../../triggers';
import type { OutgoingMessage } from './broker';
import type { PlacedRecord } from './read-message';

export type Verdict = DeadLetterReason & { readonly stack?: string };

const LONGEST_TEXT = 4_000;

/** The original message, byte for byte, with headers that say where it came from and why it is a dead letter. */
export function deadLetterOf(
  record: PlacedRecord,
  trigger: string,
  { code, message, stack }: Verdict,
): OutgoingMessage {
  const { topic, partition, offset, timestamp, key, value } = record;
  const why: [name: string, text: string | undefined][] = [
    ['trigger', trigger],
    ['topic', topic],
    ['partition', String(partition)],
    ['offset', String(offset)],
    ['timestamp', String(timestamp)],
    ['code', code],
    ['reason', message],
    ['trace', stack],
  ];
  const added = why.map(([name, text]): [string, string] => [
    `${PREFIX}${name}`,
    (text ?? '').slice(0, LONGEST_TEXT),
  ]);
  return { key, value, headers: { ...record.headers, ...Object.fromEntries(added) } };
}

const PREFIX = 'selvage-';

/** The reason why an accepted event started nothing, if somebody must act on it. */
export function verdictOf(acceptance: Acceptance): Verdict | undefined {
  if (acceptance.status === 'refused') return acceptance.error;
  if (acceptance.status !== 'conflict') return undefined;
  const { runId, event } = acceptance;
  const message = `Its key belongs to another message, with other contents, which has started run ${runId}: ${JSON.stringify(event)}.`;
  return { code: 'EventConflict', message };
}
