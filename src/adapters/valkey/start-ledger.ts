import type { ClaimResult, LedgerEntry, LedgerQuery, Page, StartClaim, StartLedger } from '../../ports';
import { requireStorableText } from '../../ports/parts/not-storable';
import { pageLimit, pageOf, pageStart } from '../../ports/parts/pages';
import { LUA_NOW, valkeyScript } from './script';
import { ValkeyAdapter } from './adapter';
import { openValkey, type ValkeyOptions } from './open';
import { textOf } from './client-like';

/** A ledger entry in the hash, as JSON; its name is the field. */
type Stored = readonly [
  runId: string,
  requestHash: string | null,
  event: string,
  claimedAt: number,
  sequence: number,
];

const AT_ONCE = 1_000;

/**
 * A start ledger in a Valkey (or Redis) server, by its clock. A server that loses its data forgets which events have
 * started runs, so it needs a log on disk (`appendonly yes`) and no eviction.
 */
export class ValkeyStartLedger extends ValkeyAdapter implements StartLedger {
  /** The key of a hash with the entries by name. */
  readonly #entries = this.connection.key('starts', 'entries');
  /** The key of a hash with the start times by name. */
  readonly #started = this.connection.key('starts', 'started');
  /** The key of a sorted set with the names in the order of the claims. */
  readonly #order = this.connection.key('starts', 'order');
  readonly #sequence = this.connection.key('starts', 'sequence');

  async claim(claims: readonly StartClaim[]): Promise<ClaimResult[]> {
    if (claims.length === 0) return [];
    const args = claims.flatMap((claim) => [
      nameOf(claim),
      JSON.stringify(claim.runId),
      JSON.stringify(claim.requestHash),
      // The event is a text within the JSON, so that Lua need not parse it.
      JSON.stringify(JSON.stringify(claim.event)),
    ]);
    const reply = (await this.connection.run(
      CLAIM,
      [this.#entries, this.#started, this.#order, this.#sequence],
      args,
    )) as unknown[];
    return claims.map((claim, index) => {
      const [inserted, stored, started] = reply.slice(3 * index, 3 * index + 3);
      return { inserted: inserted === 1, entry: entryOf(claim, textOf(stored), started) };
    });
  }

  async markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void> {
    if (keys.length === 0) return;
    await this.connection.run(MARK, [this.#entries, this.#started], keys.map(nameOf));
  }

  async find(trigger: string, key: string): Promise<LedgerEntry | undefined> {
    const [entry] = await this.#entriesOf([nameOf({ trigger, key })]);
    return entry?.entry;
  }

  async list(query: LedgerQuery = {}): Promise<Page<LedgerEntry>> {
    const limit = pageLimit(query);
    let below = pageStart(query)?.sequence ?? Infinity;
    const found: Found[] = [];
    while (found.length <= limit) {
      const names = (await this.connection.command(
        'zrevrangebyscore',
        this.#order,
        below === Infinity ? '+inf' : `(${below}`,
        '-inf',
        'WITHSCORES',
        'LIMIT',
        0,
        AT_ONCE,
      )) as unknown[];
      if (names.length === 0) break;
      below = Number(textOf(names.at(-1)));
      const some = await this.#entriesOf(names.filter((_, index) => index % 2 === 0).map(textOf));
      found.push(...some.filter(({ entry }) => isAsked(query, entry)));
    }
    return pageOf(
      found.slice(0, limit + 1),
      limit,
      ({ entry, sequence }) => ({ time: entry.claimedAt, sequence }),
      ({ entry }) => entry,
    );
  }

  async forget(before: number): Promise<number> {
    const keys = [this.#entries, this.#started, this.#order];
    let forgotten = 0;
    // Entries are read in the order of the claims, a page at a time.
    for (let above = '-inf'; ;) {
      const reply = await this.connection.run(FORGET, keys, [above, before, AT_ONCE]);
      const [some, next] = reply as [number, unknown];
      forgotten += some;
      if (next === null) return forgotten;
      above = textOf(next);
    }
  }

  async #entriesOf(names: readonly string[]): Promise<Found[]> {
    const [entries, started] = (await Promise.all([
      this.connection.command('hmget', this.#entries, ...names),
      this.connection.command('hmget', this.#started, ...names),
    ])) as [unknown[], unknown[]];
    return names.flatMap((name, index) => {
      const stored = entries[index];
      if (stored === null) return [];
      const [trigger, key] = JSON.parse(name) as [string, string];
      const text = textOf(stored);
      const [, , , , sequence] = JSON.parse(text) as Stored;
      return [{ entry: entryOf({ trigger, key }, text, started[index]), sequence }];
    });
  }
}

interface Found {
  readonly entry: LedgerEntry;
  readonly sequence: number;
}

function isAsked(query: LedgerQuery, { trigger, startedAt }: LedgerEntry): boolean {
  return (
    (query.trigger === undefined || trigger === query.trigger) &&
    (query.started === undefined || (startedAt !== null) === query.started)
  );
}

function nameOf({ trigger, key }: Pick<StartClaim, 'trigger' | 'key'>): string {
  requireStorableText(trigger, 'Valkey', { trigger });
  requireStorableText(key, 'Valkey', { trigger, key });
  return JSON.stringify([trigger, key]);
}

function entryOf(
  { trigger, key }: Pick<StartClaim, 'trigger' | 'key'>,
  stored: string,
  started: unknown,
): LedgerEntry {
  const [runId, requestHash, event, claimedAt] = JSON.parse(stored) as Stored;
  return {
    trigger,
    key,
    runId,
    requestHash,
    event: JSON.parse(event),
    claimedAt,
    startedAt: started === null ? null : Number(textOf(started)),
  };
}

/**
 * KEYS: entries, started, order, sequence. ARGV: name, run id, hash and event of each claim, as JSON. The script
 * returns for each claim whether it was inserted, the entry, and its start time.
 */
const CLAIM = valkeyScript(`
${LUA_NOW}
local time = string.format('%d', math.floor(now()))
local answers = {}
for i = 1, #ARGV, 4 do
  local name = ARGV[i]
  local entry = redis.call('HGET', KEYS[1], name)
  local inserted = 0
  local started = false
  if entry then
    started = redis.call('HGET', KEYS[2], name)
  else
    inserted = 1
    local sequence = redis.call('INCR', KEYS[4])
    entry = '[' .. ARGV[i + 1] .. ',' .. ARGV[i + 2] .. ',' .. ARGV[i + 3] .. ',' .. time .. ',' .. string.format('%d', sequence) .. ']'
    redis.call('HSET', KEYS[1], name, entry)
    redis.call('ZADD', KEYS[3], sequence, name)
  end
  answers[#answers + 1] = inserted
  answers[#answers + 1] = entry
  answers[#answers + 1] = started
end
return answers
`);

/** KEYS: entries, started. ARGV: names. */
const MARK = valkeyScript(`
${LUA_NOW}
local time = string.format('%d', math.floor(now()))
for _, name in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], name) == 1 then redis.call('HSETNX', KEYS[2], name, time) end
end
`);

/**
 * KEYS: entries, started, order. ARGV: the score before the first, the time before which claims are forgotten, how many
 * entries to check. The script returns how many claims were removed, and where to continue.
 */
const FORGET = valkeyScript(`
local names = redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local gone = 0
for i = 1, #names, 2 do
  local name = names[i]
  local claimed = cjson.decode(redis.call('HGET', KEYS[1], name))[4]
  if claimed < tonumber(ARGV[2]) and redis.call('HEXISTS', KEYS[2], name) == 1 then
    redis.call('HDEL', KEYS[1], name)
    redis.call('HDEL', KEYS[2], name)
    redis.call('ZREM', KEYS[3], name)
    gone = gone + 1
  end
end
if #names == 0 then return { gone, false } end
return { gone, '(' .. names[#names] }
`);

/** Throws `InvalidUrl`, `MissingPackage`, `BackendUnavailable`. */
export async function createValkeyStartLedger(options: ValkeyOptions): Promise<ValkeyStartLedger> {
  return new ValkeyStartLedger(await openValkey(options));
}
