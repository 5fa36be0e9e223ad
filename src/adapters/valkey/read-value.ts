import { describeIssues, type SchemaResult, type StandardSchema } from '../../authoring/standard-schema';
import { SelvageError } from '../../errors';
import type { MessageFormat } from '../../triggers';

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
  const { value, issues } = await validated(format, parsed);
  if (issues) throw unreadable(`does not satisfy the schema: ${describeIssues(issues)}`);
  return value;
}

async function validated(
  schema: StandardSchema,
  value: unknown,
): Promise<SchemaResult<unknown> & { readonly value?: unknown }> {
  try {
    return await schema['~standard'].validate(value);
  } catch (error) {
    // A schema of the user's may throw any error.
    throw unreadable(`made its schema throw (${String(error)})`, error);
  }
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
