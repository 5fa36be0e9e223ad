import { SelvageError } from '../../errors';
import type {
  Offer,
  Page,
  PageOptions,
  StoredPlan,
  SubscribableTapestryStore,
  SubscribeOptions,
} from '../../ports';
import { pageLimit, pageOf, pageStart, type Position } from '../../ports/parts/pages';
import { subscription } from '../../ports/parts/subscription';
import { ValkeyAdapter } from './adapter';
import { openValkey, type ValkeyOptions } from './open';
import { textOf } from './client-like';
import { Announcements, type Ear, type Entry } from './announcements';
import { OFFER, SAVE } from './tapestry-scripts';
import { again } from '../../ports/parts/again';
import type { BackOff } from '../../values/back-off';

/** A subscriber asks a silent server again after these waits. */
const BACK_OFF: BackOff = { base: 50, max: 2_000, jitter: 0.5 };

interface Listed {
  readonly hash: string;
  readonly position: Position;
}

/**
 * Plans in a Valkey (or Redis) server, and offers in one stream for each run. A subscription survives outages of the
 * server, and continues after the last offer.
 */
export class ValkeyTapestryStore extends ValkeyAdapter implements SubscribableTapestryStore {
  readonly #announcements = new Announcements(this.connection, this.connection.key('offered'));

  async save({ hash, tapestry, text, savedAt }: StoredPlan): Promise<void> {
    const connection = this.connection;
    await connection.run(
      SAVE,
      [connection.key('plan', hash), connection.key('last-plan'), this.#listKey(), this.#listKey(tapestry)],
      [hash, tapestry, text, savedAt],
    );
  }

  async get(hash: string): Promise<StoredPlan | undefined> {
    const key = this.connection.key('plan', hash);
    const [tapestry, text, savedAt] = (await this.connection.command(
      'hmget',
      key,
      'tapestry',
      'text',
      'savedAt',
    )) as unknown[];
    if (text === null) return undefined;
    return { hash, tapestry: textOf(tapestry), text: textOf(text), savedAt: Number(textOf(savedAt)) };
  }

  async list(query: PageOptions & { tapestry?: string } = {}): Promise<Page<StoredPlan>> {
    const limit = pageLimit(query);
    const listed = await this.#listedBefore(pageStart(query), this.#listKey(query.tapestry), limit + 1);
    const plans = await Promise.all(listed.slice(0, limit).map(({ hash }) => this.get(hash)));
    const { cursor } = pageOf(
      listed,
      limit,
      ({ position }) => position,
      ({ hash }) => hash,
    );
    // Plans that are missing were evicted by the server.
    const items = plans.flatMap((plan) => plan ?? []);
    return cursor === undefined ? { items } : { items, cursor };
  }

  async offer({ runId, fragment, offeredAt }: Omit<Offer, 'number'>): Promise<number> {
    const connection = this.connection;
    const keys = [connection.key('last-offer'), this.#offersKey(runId), connection.key('offered')];
    return (await connection.run(OFFER, keys, [runId, fragment, offeredAt])) as number;
  }

  async offers(runId: string, after = 0, limit = 100): Promise<Offer[]> {
    const entries = (await this.connection.command(
      'xrange',
      this.#offersKey(runId),
      `(${after}-0`,
      '+',
      'COUNT',
      limit,
    )) as Entry[];
    return entries.map(([id, fields]) => ({
      number: Number.parseInt(textOf(id), 10),
      runId,
      fragment: textOf(fields[1]),
      offeredAt: Number(textOf(fields[3])),
    }));
  }

  async *subscribe(runId: string, options: SubscribeOptions): AsyncGenerator<Offer, void, void> {
    const ear = this.#announcements.listen(runId);
    try {
      yield* subscription(
        (after, limit) => this.#offersWhenBack(ear, options.signal, () => this.offers(runId, after, limit)),
        (signal) => ear.heard(signal),
        options,
      );
    } finally {
      ear.close();
    }
  }

  override async close(): Promise<void> {
    const closed = super.close();
    this.#announcements.close();
    await closed;
  }

  /** Asks for the offers until the server answers. An offer made in the meantime is in the answer, or is announced. */
  async #offersWhenBack(ear: Ear, signal: AbortSignal, read: () => Promise<Offer[]>): Promise<Offer[]> {
    const isFinal = (error: unknown): boolean =>
      !SelvageError.is(error, 'BackendUnavailable') || this.connection.isClosed;
    const ask = (): Promise<Offer[]> => {
      ear.forget();
      return read();
    };
    return (await again(ask, { backOff: BACK_OFF, isFinal, signal })) ?? [];
  }

  #listKey(tapestry?: string): string {
    return tapestry === undefined ? this.connection.key('plans') : this.connection.key('plans-of', tapestry);
  }

  #offersKey(runId: string): string {
    return this.connection.key('offers', runId);
  }

  /** The newest plans after a position. Numbers order plans of one time, so the result may include earlier plans. */
  async #listedBefore(start: Position | undefined, key: string, count: number): Promise<Listed[]> {
    const found: Listed[] = [];
    for (let offset = 0; ;) {
      const reply = (await this.connection.command(
        'zrange',
        key,
        start === undefined ? '+inf' : start.time,
        '-inf',
        'BYSCORE',
        'REV',
        'LIMIT',
        offset,
        count,
        'WITHSCORES',
      )) as unknown[];
      for (let index = 0; index + 1 < reply.length && found.length < count; index += 2) {
        const listed = listedOf(textOf(reply[index]), Number(textOf(reply[index + 1])));
        if (start === undefined || isBehind(listed.position, start)) found.push(listed);
      }
      if (found.length >= count || reply.length < 2 * count) return found;
      offset += count;
    }
  }
}

function listedOf(member: string, time: number): Listed {
  const colon = member.indexOf(':');
  return { hash: member.slice(colon + 1), position: { time, sequence: Number(member.slice(0, colon)) } };
}

function isBehind(position: Position, start: Position): boolean {
  return position.time < start.time || (position.time === start.time && position.sequence < start.sequence);
}

/** Throws `InvalidUrl`, `MissingPackage`, `BackendUnavailable`. */
export async function createValkeyTapestryStore(options: ValkeyOptions): Promise<ValkeyTapestryStore> {
  return new ValkeyTapestryStore(await openValkey(options));
}
