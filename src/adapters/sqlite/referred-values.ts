import type { SqliteConnection } from './connection';
import { INPUT, OUTPUT } from '../sql/schema';

/** Equals the conditions of the indexes `…_by_mentioned_value` and `…_by_log`, so that SQLite uses them. */
const MENTIONED =
  "coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash'))";
const LOG = "json_extract(extra, '$.log.hash')";

const REFERRED = `
  select wanted.value as hash from json_each(?) as wanted
  where exists (select 1 from selvage_lineage_index where key = wanted.value and role in (${OUTPUT}, ${INPUT}))
    or exists (select 1 from selvage_lineage where extra <> '{}' and ${MENTIONED} = wanted.value)
    or exists (select 1 from selvage_lineage where extra <> '{}' and ${LOG} = wanted.value)`;

/** Needs a lineage index that is up to date. */
export function referredValues(connection: SqliteConnection, hashes: readonly string[]): Set<string> {
  const rows = connection.all<{ hash: string }>(REFERRED, [JSON.stringify(hashes)]);
  return new Set(rows.map(({ hash }) => hash));
}
