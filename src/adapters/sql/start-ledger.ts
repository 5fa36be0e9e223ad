import type { Selectable } from 'kysely';
import {
  LEDGER_ENTRY,
  type ClaimResult,
  type LedgerEntry,
  type LedgerQuery,
  type Page,
  type StartClaim,
  type StartLedger,
} from '../../ports';
import { requireStorableText } from '../../ports/parts/not-storable';
import { SqlAdapter } from './adapter';
import { newestPage } from './before';
import type { SqlDatabase } from './database';
import type { StartsTable } from './schema';

export type StartRow = Selectable<StartsTable>;

/** The number is small enough that nobody waits long for the transaction. */
const FORGOTTEN_AT_ONCE = 10_000;

export abstract class SqlStartLedger<D extends SqlDatabase> extends SqlAdapter<D> implements StartLedger {
  abstract claim(claims: readonly StartClaim[]): Promise<ClaimResult[]>;

  abstract markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void>;

  async find(trigger: string, key: string): Promise<LedgerEntry | undefined> {
    const row = await this.database.read((db) =>
      db
        .selectFrom('selvage_starts')
        .selectAll()
        .where('trigger', '=', trigger)
        .where('key', '=', key)
        .executeTakeFirst(),
    );
    return row && LEDGER_ENTRY.fromRow(row);
  }

  async list(query: LedgerQuery = {}): Promise<Page<LedgerEntry>> {
    return await this.database.read((db) => {
      let select = db.selectFrom('selvage_starts').selectAll();
      if (query.trigger !== undefined) select = select.where('trigger', '=', query.trigger);
      if (query.started !== undefined)
        select = select.where('started_at', query.started ? 'is not' : 'is', null);
      return newestPage(select, 'claimed_at', query, LEDGER_ENTRY.fromRow);
    });
  }

  async forget(claimedBefore: number): Promise<number> {
    let forgotten = 0;
    for (let some = FORGOTTEN_AT_ONCE; some === FORGOTTEN_AT_ONCE;) {
      const { numDeletedRows } = await this.database.write((db) =>
        db
          .deleteFrom('selvage_starts')
          .where(({ eb, selectFrom }) =>
            eb(
              'id',
              'in',
              selectFrom('selvage_starts')
                .select('id')
                .where('claimed_at', '<', claimedBefore)
                .where('started_at', 'is not', null)
                .orderBy('claimed_at')
                .limit(FORGOTTEN_AT_ONCE),
            ),
          )
          .executeTakeFirstOrThrow(),
      );
      some = Number(numDeletedRows);
      forgotten += some;
    }
    return forgotten;
  }
}

/** Results in the order of the claims; of claims with one key, only the first was inserted. Names: {@link nameOf}. */
export function resultsOf(
  claims: readonly StartClaim[],
  inserted: Set<string>,
  stand: ReadonlyMap<string, LedgerEntry>,
): ClaimResult[] {
  return claims.map((claim) => {
    const name = nameOf(claim);
    return { inserted: inserted.delete(name), entry: stand.get(name)! };
  });
}

export function nameOf({ trigger, key }: Pick<StartClaim, 'trigger' | 'key'>): string {
  return JSON.stringify([trigger, key]);
}

/** Throws `NotStorable`. */
export function requireStorableKeys(
  keys: readonly Pick<StartClaim, 'trigger' | 'key'>[],
  place: string,
): void {
  for (const { trigger, key } of keys) {
    requireStorableText(trigger, place, { trigger });
    requireStorableText(key, place, { trigger, key });
  }
}
