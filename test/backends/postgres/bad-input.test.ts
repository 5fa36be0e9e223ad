import { randomUUID } from 'node:crypto';
import { inspectBackends, openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import type { SelvageError } from '../../../src/errors';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { closedPort, listening } from '../../support/listening';
import { describeWith } from '../../support/services';
import { rejectionOf } from '../../support/rejection-of';
import { queryPostgres } from '../../support/query-postgres';
import { refusal } from '../../support/refusal';

const SECRET = 'S3cret-of-nobody';

describeWith('postgres')('an address of PostgreSQL that does not work', () => {
  let database: FreshDatabase;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
  });

  afterAll(() => database.drop());

  function changed(change: (url: URL) => void): string {
    const url = new URL(database.url);
    change(url);
    return url.href;
  }

  /** What is said when it is opened, which is also what `doctor` says. Nothing secret is in it. */
  async function refusalOf(url: string): Promise<SelvageError> {
    const [error, [report]] = await Promise.all([
      rejectionOf(openBackends({ url, environment: {} })),
      inspectBackends({ environment: { SELVAGE_STORE: url, SELVAGE_HISTORY: url, SELVAGE_DATA: url } }),
    ]);
    expect((report?.error as SelvageError).message).toBe(error.message);
    expect(JSON.stringify([error.message, error.details, error.stack, report])).not.toContain(SECRET);
    expect(error.message).not.toContain('\n');
    return error;
  }

  test('a wrong password', async () => {
    const error = await refusalOf(changed((url) => (url.password = SECRET)));
    expect(error).toMatchObject(refusal('BackendUnavailable', /does not let this user in .*PGPASSWORD/));
  });

  test('a database that is not there', async () => {
    const error = await refusalOf(changed((url) => (url.pathname = '/no_such_database')));
    expect(error).toMatchObject(refusal('BackendUnavailable', /no_such_database .*does not exist/));
  });

  test.each(['migrate=false', 'access=read'])('tables that nobody here may make: %s', async (parameter) => {
    const error = await refusalOf(`${database.url}?${parameter}`);
    expect(error).toMatchObject(refusal('SchemaTooOld', /Run `selvage migrate`/));
  });

  test('a port where nobody is', async () => {
    const port = await closedPort();
    const error = await refusalOf(
      changed((url) => {
        url.port = String(port);
        url.password = SECRET;
      }),
    );
    expect(error).toMatchObject({ code: 'BackendUnavailable', details: { reason: 'ECONNREFUSED' } });
  });

  test('a server that takes the connection and never answers', async () => {
    const silent = await listening();
    const error = await refusalOf(changed((url) => (url.port = String(silent.port))));
    expect(error).toMatchObject(refusal('BackendUnavailable', /cannot be reached or went away/));
    await silent.close();
  });

  test('a user who may only read, one who has no connection left, and one who may not make tables', async () => {
    await (await openBackends({ url: database.url, environment: {} })).close();
    const user = `reader_${randomUUID().slice(0, 8)}`;
    await queryPostgres(database.url, `create role ${user} login password '${SECRET}'`);
    try {
      await queryPostgres(database.url, `grant select on all tables in schema public to ${user}`);
      const url = changed((of) => {
        of.username = user;
        of.password = SECRET;
      });
      const error = await refusalOf(url);
      expect(error).toMatchObject(refusal('BackendUnavailable', /rights that Selvage needs/));
      await queryPostgres(database.url, `alter role ${user} connection limit 0`);
      expect((await refusalOf(url)).message).toMatch(/no connection left/);
      await queryPostgres(database.url, `alter role ${user} connection limit -1`);
      const nowhere = new URL(url);
      nowhere.searchParams.set('schema', 'not_theirs');
      const opening = openBackends({ url: nowhere.href, environment: {} });
      await expect(opening).rejects.toMatchObject(refusal('BackendUnavailable', /rights that Selvage needs/));
    } finally {
      await queryPostgres(database.url, `drop owned by ${user}; drop role ${user}`);
    }
  });

  test('a database that can only be read, without tables and with them', async () => {
    const other = await freshPostgresDatabase();
    const name = new URL(other.url).pathname.slice(1);
    const setReadOnly = (how: 'on' | 'off'): Promise<unknown> =>
      queryPostgres(database.url, `alter database ${name} set default_transaction_read_only = ${how}`);
    const opening = (): Promise<Backends> => openBackends({ url: other.url, environment: {} });
    try {
      await setReadOnly('on');
      const refused = refusal('BackendUnavailable', /is read-only .*primary/);
      await expect(opening()).rejects.toMatchObject(refused);
      await setReadOnly('off');
      await (await opening()).close();
      await setReadOnly('on');
      expect(await refusalOf(other.url)).toMatchObject(refused);
    } finally {
      await other.drop();
    }
  });

  test('tables of a newer version, and of an unreleased build', async () => {
    const url = changed((of) => of.searchParams.set('schema', 'newer'));
    await (await openBackends({ url, environment: {} })).close();
    await queryPostgres(database.url, "insert into newer.selvage_migrations values ('9999-later', 'now')");
    expect(await refusalOf(url)).toMatchObject(refusal('SchemaTooNew', '9999-later'));
    await queryPostgres(database.url, "delete from newer.selvage_migrations where name < '9'");
    expect(await refusalOf(url)).toMatchObject(
      refusal('UnreleasedData', /made by an unreleased build of Selvage.* Drop its tables/),
    );
  });

  test('an address with migrate=false and no tables', async () => {
    const url = changed((of) => {
      of.searchParams.set('schema', 'untouched');
      of.searchParams.set('migrate', 'false');
    });
    const opening = openBackends({ url, environment: {} });
    await expect(opening).rejects.toMatchObject(refusal('SchemaTooOld', 'selvage migrate'));
    expect(
      await queryPostgres(database.url, "select 1 from pg_namespace where nspname = 'untouched'"),
    ).toEqual([]);
  });

  test.each([
    `postgres://user:${SECRET}@ho st/db`,
    `postgres://user:${SECRET}@localhost/db?schema=A-B`,
    `postgres://user:${SECRET}@localhost/db?migrate=perhaps`,
    `postgres://user:${SECRET}@localhost/db?max=0`,
    `postgres://user:${SECRET}@localhost/db?shema=${SECRET}`,
    // A password with a ? that is not encoded.
    `postgres://user:1?${SECRET}@localhost/db`,
  ])('an address that cannot be read: %#', async (url) => {
    const error = await rejectionOf(openBackends({ url, environment: {} }));
    expect(error.code).toBe('InvalidUrl');
    expect(JSON.stringify([error.message, error.stack, error.details, String(error.cause)])).not.toContain(
      SECRET,
    );
  });
});
