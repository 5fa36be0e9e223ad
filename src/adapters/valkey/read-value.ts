import { SelvageError } from '../../errors';
import { validated, type MessageFormat } from '../../triggers';

/**
 * Decodes bytes by a format.
 *
 * @throws SelvageError `UnreadableEvent` if they are invalid, now and at any retry
 */
export async function readValue(bytes: Buffer, format: MessageFormat): Promise<unknown> {
  if (format === 'bytes') return new Uint8Array(bytes);
  const text = utf8(bytes);
  if (format === 'text') return text;
  const parsed = json(text);
  if (format === 'json') return parsed;
  const result = await validated(format, parsed);
  if ('value' in result) return result.value;
  throw unreadable(result.complaint, result.cause);
}

export function unreadable(why: string, cause?: unknown): SelvageError {
  return new SelvageError('UnreadableEvent', `The event cannot be read: it ${why}.`, {
    details: { reason: 'Unreadable' },
    ...(cause !== undefined && { cause }),
  });
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw unreadable('is not UTF-8', error);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(`is not JSON (${(error as Error).message})`, error);
  }
}
