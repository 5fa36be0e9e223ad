import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { PostgresPoolLike } from '../../../src/adapters/postgres';
import type { Subject } from '../../../src/testing';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { queryPostgres } from '../../support/query-postgres';

/** One database for the tests of a file, and a schema of it for each of them: a schema is made in a tenth of the time. */
export class Schemas {
  #database: FreshDatabase | undefined;

  async make(): Promise<void> {
    this.#database = await freshPostgresDatabase();
  }

  async drop(): Promise<void> {
    await this.#database?.drop();
  }

  /** The address of the database. */
  get url(): string {
    return this.#database!.url;
  }

  /** The name and address of a schema that is not there yet. */
  fresh(): { readonly name: string; readonly url: string } {
    const name = `s_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(this.url);
    url.searchParams.set('schema', name);
    return { name, url: url.href };
  }

  /** Cuts the connections of all adapters on this database. */
  async #cutConnections(): Promise<void> {
    const others = `datname = current_database() and pid <> pg_backend_pid()`;
    await queryPostgres(this.url, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
  }

  /** A subject of a conformance suite, in a schema of its own. */
  async subject<T>(
    create: (options: { url: string }) => Promise<T>,
  ): Promise<Subject<T> & { readonly name: string }> {
    const { name, url } = this.fresh();
    return {
      name,
      adapter: await create({ url }),
      another: () => create({ url }),
      cutConnections: () => this.#cutConnections(),
    };
  }
}

/** Takes the last put of a value for so many milliseconds earlier. */
export async function ageValue(url: string, schema: string, hash: string, by: number): Promise<void> {
  const statement = `update ${schema}.selvage_values set last_put_at = last_put_at - $1 where hash = $2`;
  await queryPostgres(url, statement, [by, hash]);
}

/** Changes bytes of a value, small or large. */
export async function damageValue(url: string, schema: string, hash: string): Promise<void> {
  const changed = await queryPostgres(
    url,
    `update ${schema}.selvage_values set bytes = '~' where hash = $1 and bytes is not null returning 1`,
    [hash],
  );
  if (changed.length > 0) return;
  await queryPostgres(
    url,
    `update ${schema}.selvage_value_chunks set bytes = '~'
     where sequence = 1 and upload = (select upload from ${schema}.selvage_values where hash = $1)`,
    [hash],
  );
}

/** A pool of this one connection. */
export function poolOf(
  client: PoolClient,
  note: (query: { text: string; values?: unknown[] }) => void = () => {},
): PostgresPoolLike {
  return {
    on: () => undefined,
    connect: async () => ({
      query: (query) => {
        note(query);
        return client.query(query as never);
      },
      release: () => undefined,
      on: () => undefined,
      removeListener: () => undefined,
    }),
  };
}
