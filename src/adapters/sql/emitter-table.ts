import { sql, type RawBuilder } from 'kysely';
import {
  DEAD_LETTER,
  EMITTER,
  type Advance,
  type DeadLetterQuery,
  type DeliveryFailure,
  type EmitterState,
  type EmitterTable,
  type Move,
  type Page,
  type StoredDeadLetter,
} from '../../ports';
import { SqlAdapter } from './adapter';
import { newestPage } from './before';
import type { SqlDatabase, SqlExecutor } from './database';
import type { EmittersTable } from './schema';

type StateRow = EmittersTable & { dead_letters: number; redriven: number };

/** A row has six parameters, and a statement of SQLite may have some thirty thousand. */
const INSERTED_AT_ONCE = 1_000;

const NO_FAILURE = { failures: 0, failing_since: null, last_error: null, retry_at: null } as const;
const ENABLED = { disabled_at: null, disabled_because: null } as const;

/** The cursors of emitters and their dead letters, in an SQL database. */
export abstract class SqlEmitterTable<D extends SqlDatabase> extends SqlAdapter<D> implements EmitterTable {
  async begin(name: string, { position, positionAt }: Move): Promise<EmitterState> {
    return await this.database.write(async (db) => {
      const fresh = {
        name,
        version: 0,
        position,
        position_at: positionAt,
        delivered: 0,
        created_at: this.#now,
        ...NO_FAILURE,
      };
      await db
        .insertInto('selvage_emitters')
        .values(fresh)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await db
        .updateTable('selvage_emitters')
        .set({ version: sql`version + 1` })
        .where('name', '=', name)
        .execute();
      const [state] = await statesOf(db, name);
      return state!;
    });
  }

  list(): Promise<EmitterState[]> {
    return this.database.read((db) => statesOf(db));
  }

  async advance(name: string, version: number, advance: Advance): Promise<number | undefined> {
    const { position, positionAt, delivered, deadLetters = [], settled = [] } = advance;
    const changes = {
      position,
      position_at: positionAt,
      delivered: sql`delivered + ${delivered}`,
      ...(delivered > 0 && { delivered_at: this.#now }),
      ...NO_FAILURE,
    };
    if (deadLetters.length === 0 && settled.length === 0) {
      return (await this.#changeAlone(name, version, changes)) ? version + 1 : undefined;
    }
    return await this.database.write(async (db) => {
      const { numUpdatedRows } = await changed(db, name, version, changes).executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return undefined;
      if (settled.length > 0) await this.#forget(db, name, settled);
      if (deadLetters.length > 0) {
        const rows = deadLetters.map(({ eventId, change, reason }) => ({
          emitter: name,
          event_id: eventId,
          change: JSON.stringify(change),
          reason,
          at: this.#now,
          redriven_at: null,
        }));
        for (let at = 0; at < rows.length; at += INSERTED_AT_ONCE)
          await db
            .insertInto('selvage_dead_letters')
            .values(rows.slice(at, at + INSERTED_AT_ONCE))
            .onConflict((conflict) =>
              conflict.columns(['emitter', 'event_id']).doUpdateSet((of) => ({
                reason: of.ref('excluded.reason'),
                at: of.ref('excluded.at'),
                redriven_at: null,
              })),
            )
            .execute();
      }
      return version + 1;
    });
  }

  async fail(name: string, version: number, failure: DeliveryFailure): Promise<number | undefined> {
    const { error, retryIn, disable } = failure;
    const isOurs = await this.#changeAlone(name, version, {
      failures: sql`failures + 1`,
      failing_since: sql`coalesce(failing_since, ${this.#now})`,
      last_error: error,
      retry_at: sql`${this.#now} + ${sql.lit(Math.ceil(retryIn))}`,
      ...(disable !== undefined && { disabled_at: this.#now, disabled_because: disable }),
    });
    return isOurs ? version + 1 : undefined;
  }

  async move(name: string, { position, positionAt, isRewound = false }: Move): Promise<boolean> {
    return await this.#changeAlone(name, undefined, {
      position,
      position_at: positionAt,
      ...NO_FAILURE,
      ...ENABLED,
      ...(isRewound && { rewound_at: this.#now }),
    });
  }

  async resume(name: string): Promise<boolean> {
    return await this.#changeAlone(name, undefined, {
      retry_at: null,
      failing_since: sql`case when failing_since is not null then ${this.#now} end`,
      ...ENABLED,
    });
  }

  async deadLetters(name: string, query: DeadLetterQuery = {}): Promise<Page<StoredDeadLetter>> {
    return await this.database.read((db) => {
      let select = db.selectFrom('selvage_dead_letters').selectAll().where('emitter', '=', name);
      if (query.redriven) select = select.where('redriven_at', 'is not', null);
      return newestPage(select, 'at', query, DEAD_LETTER.fromRow);
    });
  }

  async redrive(name: string, eventIds?: readonly string[]): Promise<number> {
    const { numUpdatedRows } = await this.database.write((db) => {
      let update = db
        .updateTable('selvage_dead_letters')
        .set({ redriven_at: this.#now })
        .where('emitter', '=', name);
      if (eventIds) update = update.where(this.database.dialect.isOneOf('event_id', eventIds));
      return update.executeTakeFirstOrThrow();
    });
    return Number(numUpdatedRows);
  }

  async forget(name: string, eventIds?: readonly string[]): Promise<number> {
    return await this.database.write((db) => this.#forget(db, name, eventIds));
  }

  async remove(name: string): Promise<boolean> {
    return await this.database.write(async (db) => {
      await this.#forget(db, name);
      const { numDeletedRows } = await db
        .deleteFrom('selvage_emitters')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    });
  }

  async #forget(db: SqlExecutor, name: string, eventIds?: readonly string[]): Promise<number> {
    let remove = db.deleteFrom('selvage_dead_letters').where('emitter', '=', name);
    if (eventIds) remove = remove.where(this.database.dialect.isOneOf('event_id', eventIds));
    return Number((await remove.executeTakeFirstOrThrow()).numDeletedRows);
  }

  get #now(): RawBuilder<number> {
    return this.database.dialect.now();
  }

  async #changeAlone(name: string, version: number | undefined, changes: object): Promise<boolean> {
    return (await this.database.writeOne((db) => changed(db, name, version, changes))) > 0;
  }
}

/** @param version the required version; undefined accepts any */
function changed(db: SqlExecutor, name: string, version: number | undefined, changes: object) {
  const update = db
    .updateTable('selvage_emitters')
    .set({ ...changes, version: sql`version + 1` })
    .where('name', '=', name);
  return version === undefined ? update : update.where('version', '=', version);
}

async function statesOf(db: SqlExecutor, name?: string): Promise<EmitterState[]> {
  let select = db
    .selectFrom('selvage_emitters as e')
    .selectAll()
    .select((of) => {
      const letters = of
        .selectFrom('selvage_dead_letters as d')
        .select((every) => every.fn.countAll<number>().as('count'))
        .whereRef('d.emitter', '=', 'e.name');
      return [letters.as('dead_letters'), letters.where('d.redriven_at', 'is not', null).as('redriven')];
    });
  if (name !== undefined) select = select.where('name', '=', name);
  const rows = (await select.orderBy('name').execute()) as StateRow[];
  return rows.map((row) => ({
    ...EMITTER.fromRow(row),
    deadLetters: row.dead_letters,
    redriven: row.redriven,
  }));
}
