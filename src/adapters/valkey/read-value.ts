import { SelvageError } from '../../errors';
import { decodeMessage, type MessageFormat } from '../../triggers';

/** Throws `UnreadableEvent` if the bytes are invalid, now and at any retry. */
export async function readValue(bytes: Buffer, format: MessageFormat): Promise<unknown> {
  const result = await decodeMessage(bytes, format);
  if ('value' in result) return result.value;
  throw unreadable(result.complaint, result.cause);
}

export function unreadable(why: string, cause?: unknown): SelvageError {
  return new SelvageError('UnreadableEvent', `The event cannot be read: it ${why}.`, {
    details: { reason: 'Unreadable' },
    ...(cause !== undefined && { cause }),
  });
}
