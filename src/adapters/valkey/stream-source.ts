import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { SelvageError, isAway } from '../../errors';
import { pause } from '../../ports/parts/pause';
import type {
  Acceptance,
  TriggerEvent,
  TriggerHost,
  ValkeyEntry,
  ValkeyStreamSettings,
} from '../../triggers';
import { textOf } from './client-like';
import { valkeyScript } from './script';
import type { ValkeyConnection } from './connection';
import { Retrier } from './retrier';
import { readValue, unreadable } from './read-value';

/** A read waits this long for an entry, and so may a stop of the trigger. */
const BLOCK_MS = 1_000;
const LARGEST_READ = 500;
const LONGEST_BETWEEN_CLAIMS_MS = 30_000;
const BETWEEN_LOOKS_MS = 5_000;
/** A consumer that is idle this long, without entries, is removed. */
const FORGOTTEN_AFTER_MS = 3_600_000;
/** Lua's limit for one call, with a margin. */
const LUA_ARGUMENTS = 7_000;

/** Moves an entry to the dead letters and acknowledges it, atomically, unless another consumer did. */
const BURY = valkeyScript(`
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if not pending.err and #pending == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return 1
`);

/** Removes a consumer without pending entries; removing a consumer with entries would lose them. */
const LEAVE = valkeyScript(`
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
`);

interface Entry {
  readonly id: string;
  /** The names and values of an entry's fields alternately. */
  readonly fields: readonly Buffer[];
}

interface Delivery {
  readonly entry: Entry;
  readonly event: TriggerEvent;
}

/** An entry without an error is acknowledged; else it becomes a dead letter. */
interface Fate {
  readonly entry: Entry;
  readonly error?: SelvageError;
}

interface StreamSourceOptions {
  /** The trigger's name in run records. */
  readonly name: string;
  readonly settings: ValkeyStreamSettings;
  readonly host: TriggerHost;
  readonly connection: ValkeyConnection;
}
/**
 * A consumer in a group of a stream.
 *
 * - Only as many entries are read as fit into the window; the others wait in the stream.
 * - An entry is acknowledged after its run is durably started, or atomically when it becomes a dead letter.
 * - Unacknowledged entries stay pending, and a consumer that finds them idle delivers them again. A consumer may
 *   therefore die at any point.
 */
export class StreamSource {
  readonly #consumer = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #retrier: Retrier;
  /** The ids of unfinished entries. */
  readonly #inHand = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  #madeRoom: (() => void) | undefined;
  /** The id at which the search for entries of dead consumers continues. */
  #claimFrom = '0-0';
  #nextClaim = 0;
  #nextLook = 0;

  constructor(private readonly options: StreamSourceOptions) {
    this.#retrier = new Retrier(options.host);
  }

  /** Delivers until the trigger is to stop; returns when everything begun is acknowledged. */
  async run(): Promise<void> {
    const { connection, host } = this.options;
    // A blocking read holds up all other commands of its connection.
    const reader = connection.duplicate();
    try {
      await this.#makeGroup();
      while (!host.signal.aborted) {
        const entries = await this.#retrier.retry('read', () => this.#next(reader), isFinal);
        if (entries && entries.length > 0) this.#work(entries);
      }
    } finally {
      await Promise.all(this.#working);
      await this.#leave(this.#consumer);
      reader.cut();
    }
  }

  get #room(): number {
    return this.options.settings.window - this.#inHand.size;
  }

  async #next(reader: ValkeyConnection): Promise<Entry[]> {
    const now = performance.now();
    if (now >= this.#nextLook) {
      await this.#look();
      this.#nextLook = now + BETWEEN_LOOKS_MS;
    }
    if (this.#room <= 0) {
      await this.#untilRoom();
      return [];
    }
    try {
      if (now >= this.#nextClaim) return await this.#claim();
      return await this.#read(reader);
    } catch (error) {
      if (!/^NOGROUP|no such key/i.test(reasonOf(error))) throw error;
      // The stream was deleted, or the server has lost it.
      await this.#makeGroup('0');
      return [];
    }
  }

  /** Waits until the window has room, or for the time of the next look. */
  async #untilRoom(): Promise<void> {
    const made = new AbortController();
    this.#madeRoom = () => made.abort();
    const signal = AbortSignal.any([made.signal, this.options.host.signal]);
    await pause(BETWEEN_LOOKS_MS, signal);
    this.#madeRoom = undefined;
  }

  async #makeGroup(from?: string): Promise<void> {
    const { connection, settings } = this.options;
    const begin = from ?? (settings.from === 'earliest' ? '0' : '$');
    await this.#retrier.retry(
      'read',
      async () => {
        try {
          await connection.command('xgroup', 'CREATE', settings.stream, settings.group, begin, 'MKSTREAM');
        } catch (error) {
          if (!/^BUSYGROUP/.test(reasonOf(error))) throw error;
        }
      },
      isFinal,
    );
  }

  async #read(reader: ValkeyConnection): Promise<Entry[]> {
    const { stream, group } = this.options.settings;
    const count = Math.min(this.#room, LARGEST_READ);
    const reply = (await reader.command(
      'xreadgroup',
      ...['GROUP', group, this.#consumer, 'COUNT', count, 'BLOCK', BLOCK_MS, 'STREAMS', stream, '>'],
    )) as [Buffer, RawEntry[]][] | null;
    return (reply?.[0]?.[1] ?? []).map(entryOf);
  }

  /** Takes over a batch of entries of dead consumers. */
  async #claim(): Promise<Entry[]> {
    const { connection, settings, host } = this.options;
    const { stream, group, claimAfterMs } = settings;
    const count = Math.min(this.#room, LARGEST_READ);
    const [next, entries, deleted = []] = (await connection.command(
      'xautoclaim',
      ...[stream, group, this.#consumer, claimAfterMs, this.#claimFrom, 'COUNT', count],
    )) as [Buffer, (RawEntry | null)[], Buffer[] | undefined];
    this.#claimFrom = textOf(next);
    if (this.#claimFrom === '0-0') {
      this.#nextClaim = performance.now() + Math.min(claimAfterMs / 2, LONGEST_BETWEEN_CLAIMS_MS);
      await this.#forgetConsumers();
    }
    if (deleted.length > 0) {
      host.metrics.count('lost', deleted.length);
      host.logger.warn(
        `${deleted.length} entries of stream ${stream} are lost: they were deleted or trimmed before they were acknowledged`,
      );
    }
    const present = entries.filter((entry): entry is RawEntry => entry !== null).map(entryOf);
    return present.filter(({ id }) => !this.#inHand.has(id));
  }

  async #look(): Promise<void> {
    const { connection, settings, host } = this.options;
    const groups = fieldsOf(await connection.command('xinfo', 'GROUPS', settings.stream));
    const group = groups.find((one) => one.get('name') === settings.group);
    if (!group) return;
    // The server does not know the lag if entries in the middle were deleted.
    host.metrics.lag(settings.stream, Number(group.get('lag')) + Number(group.get('pending')) || 0);
  }

  /** Removes consumers that ended without leaving the group. */
  async #forgetConsumers(): Promise<void> {
    const { connection, settings } = this.options;
    const consumers = fieldsOf(
      await connection.command('xinfo', 'CONSUMERS', settings.stream, settings.group),
    );
    for (const consumer of consumers) {
      const isForgotten =
        consumer.get('pending') === '0' && Number(consumer.get('idle')) > FORGOTTEN_AFTER_MS;
      if (isForgotten) await this.#leave(consumer.get('name')!);
    }
  }

  async #leave(consumer: string): Promise<void> {
    const { connection, settings } = this.options;
    try {
      await connection.run(LEAVE, [settings.stream], [settings.group, consumer]);
    } catch (error) {
      // Another consumer will remove this one later.
      if (!SelvageError.is(error)) throw error;
    }
  }

  #work(entries: readonly Entry[]): void {
    for (const { id } of entries) this.#inHand.add(id);
    const working = this.#deliver(entries).finally(() => {
      this.#letGo(entries);
      this.#working.delete(working);
    });
    this.#working.add(working);
  }

  #letGo(entries: readonly Entry[]): void {
    for (const { id } of entries) this.#inHand.delete(id);
    this.#madeRoom?.();
  }

  async #deliver(entries: readonly Entry[]): Promise<void> {
    const { host } = this.options;
    const events: Delivery[] = [];
    const fates: Fate[] = [];
    for (const entry of entries) {
      const read = await this.#eventOf(entry);
      if (SelvageError.is(read)) {
        host.metrics.count('unreadable');
        fates.push({ entry, error: read });
      } else events.push({ entry, event: read });
    }
    await Promise.all([this.#finish(fates), this.#start(events)]);
  }

  /** Entries without a decision when the trigger stops remain pending. */
  async #start(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const { host } = this.options;
    // An error of one entry must not hold up the others, so each is then tried alone.
    const isItsOwn = (error: unknown): boolean => deliveries.length > 1 && !isAway(error);
    let acceptances: Acceptance[] | undefined;
    try {
      acceptances = await this.#retrier.retry(
        `start ${deliveries[0]!.entry.id}`,
        () => host.accept(deliveries.map(({ event }) => event)),
        isItsOwn,
      );
    } catch (error) {
      if (!isItsOwn(error)) throw error;
      await Promise.all(deliveries.map((delivery) => this.#start([delivery])));
      return;
    }
    const fates = acceptances?.map((acceptance, index) => fateOf(deliveries[index]!.entry, acceptance));
    await this.#finish(fates ?? []);
  }

  async #finish(fates: readonly Fate[]): Promise<void> {
    const { connection, settings, host } = this.options;
    const { stream, group } = settings;
    const done = fates.filter(({ error }) => error === undefined).map(({ entry }) => entry);
    if (done.length > 0) {
      const ids = done.map(({ id }) => id);
      await this.#retrier.retry(`acknowledge ${ids[0]}`, () =>
        connection.command('xack', stream, group, ...ids),
      );
      this.#letGo(done);
    }
    for (const { entry, error } of fates) {
      if (error === undefined) continue;
      const isBuried = await this.#retrier.retry(`dead letter ${entry.id}`, () => this.#bury(entry, error));
      this.#letGo([entry]);
      if (isBuried !== true) continue;
      host.metrics.count('dead-letter');
      host.logger.warn(
        `Entry ${entry.id} of stream ${stream} starts no run, and is in ${settings.deadLetters}: ${error.code}: ${error.message}`,
      );
    }
  }

  /** Returns false if another consumer buried the entry before. */
  async #bury({ id, fields }: Entry, { code, message }: SelvageError): Promise<boolean> {
    const { connection, settings, name } = this.options;
    const { stream, group, deadLetters } = settings;
    const about = { trigger: name, stream, entry: id, group, reason: code, message };
    const told = Object.entries(about).flatMap(([field, value]) => [`selvage-${field}`, value]);
    const letter = [...told, ...fields];
    if (letter.length < LUA_ARGUMENTS)
      return Number(await connection.run(BURY, [stream, deadLetters], [group, id, ...letter])) === 1;
    await connection.command('xadd', deadLetters, '*', ...letter);
    await connection.command('xack', stream, group, id);
    return true;
  }

  /** The event, or the error that says why it cannot be read. */
  async #eventOf({ id, fields }: Entry): Promise<TriggerEvent | SelvageError> {
    const { stream, field, key, format, map } = this.options.settings;
    try {
      const byName = new Map<string, Buffer>();
      for (let index = 0; index + 1 < fields.length; index += 2)
        byName.set(textOf(fields[index]), fields[index + 1]!);
      const texts = Object.fromEntries([...byName].map(([name, bytes]) => [name, bytes.toString()]));
      const bytes = field === false ? undefined : byName.get(field);
      if (field !== false && bytes === undefined) throw unreadable(`has no field "${field}"`);
      const value = bytes === undefined ? texts : await readValue(bytes, format);
      const entry: ValkeyEntry = { value, fields: texts, stream, entryId: id };
      const own = key && texts[key.field];
      if (key && !own) throw unreadable(`has no field "${key.field}", which is its key`);
      return {
        key: own ?? `${stream}/${id}`,
        body: map ? entry : value,
        link: { stream, entry: id },
        ...(own !== undefined && { requestHash: hashOf(bytes ? [bytes] : fields) }),
      };
    } catch (error) {
      if (!SelvageError.is(error, 'UnreadableEvent')) throw error;
      return error;
    }
  }
}

type RawEntry = [Buffer, Buffer[]];

function entryOf([id, fields]: RawEntry): Entry {
  return { id: textOf(id), fields };
}

function fateOf(entry: Entry, acceptance: Acceptance): Fate {
  if (acceptance.status === 'refused') return { entry, error: acceptance.error };
  // An entry differs from itself only if it is decoded differently now, which is no conflict.
  if (acceptance.status !== 'conflict' || acceptance.event['entry'] === entry.id) return { entry };
  const error = new SelvageError(
    'RunIdInUse',
    `Its key is that of entry ${acceptance.event['entry'] ?? 'unknown'} with another value, which has started run ${acceptance.runId}.`,
    { details: { run: acceptance.runId } },
  );
  return { entry, error };
}

function hashOf(parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return `sha256:${hash.digest('hex')}`;
}

/** The server's message. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { message?: string }; message?: string };
  return cause?.message ?? message ?? String(error);
}

/** An error is final if somebody has to correct the address, or the user's rights. */
function isFinal(error: unknown): boolean {
  return !isAway(error);
}

/** A reply of XINFO is lists of names and values. */
function fieldsOf(reply: unknown): Map<string, string>[] {
  return (reply as unknown[][]).map((list) => {
    const fields = new Map<string, string>();
    for (let index = 0; index + 1 < list.length; index += 2)
      fields.set(textOf(list[index]), list[index + 1] === null ? '' : textOf(list[index + 1]));
    return fields;
  });
}
