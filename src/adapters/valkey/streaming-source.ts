import { SelvageError, isAway } from '../../errors';
import { pause } from '../../ports/parts/pause';
import type { PartitionedFeed, StreamElement, ValkeySourceSettings } from '../../streams';
import { textOf } from './client-like';
import type { ValkeyConnection } from './connection';
import { openValkey } from './open';
import { readValue } from './read-value';
import { urlFrom } from './url-from';

const AT_ONCE = 500;
const BLOCK_MS = 1_000;
const PAUSE_MS = 1_000;
/** The lag counts no more entries than these. */
const COUNTED = 10_000;

type RawEntry = readonly [id: unknown, fields: readonly unknown[] | null];

/** Reads a stream from a place that we keep, without a consumer group. */
export function openValkeySource(settings: ValkeySourceSettings, id: string): PartitionedFeed {
  const { stream, connection: variable } = settings;
  const url = urlFrom(`The source of stream "${id}"`, variable, process.env, { stream: id });
  let connection: ValkeyConnection | undefined;
  let last = '0-0';
  return {
    async *read(after, { signal, save, trouble }) {
      let place = after.get('') as string | undefined;
      let blocking: ValkeyConnection | undefined;
      try {
        while (!signal.aborted) {
          try {
            connection ??= await openValkey({ url });
            blocking ??= connection.duplicate();
            if (place === undefined) {
              place = settings.from === 'latest' ? await newest(connection, stream) : '0-0';
              // After an early crash, entries from before the first checkpoint must not be passed over.
              if (settings.from === 'latest') await save(new Map([['', place]]));
            }
            const entries = await next(blocking, stream, place);
            trouble(undefined);
            if (entries.length === 0) continue;
            last = place = textOf(entries[entries.length - 1]![0]);
            yield await Promise.all(entries.map((entry) => elementOf(entry, settings)));
          } catch (error) {
            if (!isAway(error) && !SelvageError.is(error, 'BackendUnavailable')) throw error;
            trouble(`cannot read: ${(error as Error).message}`);
            await pause(PAUSE_MS, signal);
          }
        }
      } finally {
        await blocking?.close();
      }
    },
    async lag() {
      if (!connection) return undefined;
      const rest = await connection.command('xrange', stream, `(${last}`, '+', 'COUNT', COUNTED);
      return { amount: (rest as unknown[]).length, unit: 'elements' };
    },
    async commit(places) {
      const place = places.get('') as string | undefined;
      // The trim keeps the entry itself, so that its id stays known.
      if (settings.trim && connection && place !== undefined)
        await connection.command('xtrim', stream, 'MINID', place);
    },
    async close() {
      await connection?.close();
    },
  };
}

async function next(connection: ValkeyConnection, stream: string, after: string): Promise<RawEntry[]> {
  const reply = (await connection.command(
    'xread',
    ...['COUNT', AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', stream, after],
  )) as [unknown, RawEntry[]][] | null;
  return reply?.[0]?.[1] ?? [];
}

async function newest(connection: ValkeyConnection, stream: string): Promise<string> {
  const reply = (await connection.command('xrevrange', stream, '+', '-', 'COUNT', 1)) as RawEntry[];
  return reply.length === 0 ? '0-0' : textOf(reply[0]![0]);
}

async function elementOf(
  [id, fields]: RawEntry,
  { field, format, keyField }: ValkeySourceSettings,
): Promise<StreamElement> {
  const bytes = new Map<string, Buffer>();
  for (let place = 0; fields && place + 1 < fields.length; place += 2)
    bytes.set(textOf(fields[place]), fields[place + 1] as Buffer);
  const key = keyField === undefined ? undefined : bytes.get(keyField);
  const element = { offset: textOf(id), ...(key && { key: key.toString('utf8') }) };
  if (field === false)
    return {
      ...element,
      value: Object.fromEntries([...bytes].map(([name, value]) => [name, value.toString('utf8')])),
    };
  try {
    const value = bytes.get(field);
    if (!value)
      throw new SelvageError('UnreadableEvent', `The entry has no field "${field}".`, {
        details: { reason: 'Unreadable' },
      });
    return { ...element, value: await readValue(value, format) };
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    return { ...element, value: undefined, unreadable: { code: error.code, message: error.message } };
  }
}
