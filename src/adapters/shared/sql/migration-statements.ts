import {
  DummyDriver,
  Kysely,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Migration,
  type QueryResult,
} from 'kysely';

/** The statements that a migration would run, which must not depend on what they answer. Nothing is run. */
export async function statementsOf(migration: Migration, dialect: Dialect): Promise<string[]> {
  const statements: string[] = [];
  const db = new Kysely<any>({
    dialect: {
      createAdapter: () => dialect.createAdapter(),
      createQueryCompiler: () => dialect.createQueryCompiler(),
      createIntrospector: (of) => dialect.createIntrospector(of),
      createDriver: () => new NotingDriver(statements),
    },
  });
  await migration.up(db);
  return statements.map((statement) => statement.trim());
}

class NotingDriver extends DummyDriver {
  readonly #statements: string[];

  constructor(statements: string[]) {
    super();
    this.#statements = statements;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const statements = this.#statements;
    return {
      async executeQuery<R>({ sql }: CompiledQuery): Promise<QueryResult<R>> {
        statements.push(sql);
        return { rows: [] };
      },
      async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {},
    };
  }
}
