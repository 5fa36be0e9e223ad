import { sql, type RawBuilder } from 'kysely';

/** For `in`: one parameter, however many values there are, so that the same statement serves every call. */
export function listed(values: readonly string[]): RawBuilder<string> {
  return sql<string>`(select value from json_each(${JSON.stringify(values)}))`;
}
