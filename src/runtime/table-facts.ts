import type { TableFacts } from '../ports';
import type { TableManifest } from '../tables/manifest';
import type { EncodedValue } from './encoded-value';

const MAXIMUM_LENGTH = 16 * 1024;

export function tableFacts({
  encoded,
  table,
}: Pick<EncodedValue, 'encoded' | 'table'>): TableFacts | undefined {
  if (encoded?.kind !== 'table') return table;
  const { rows, columns } = JSON.parse(encoded.text) as TableManifest;
  let length = 0;
  const past = columns.findIndex((column) => (length += JSON.stringify(column).length) > MAXIMUM_LENGTH);
  const kept = (past < 0 ? columns : columns.slice(0, past)).map(({ hash, name, type }) => ({
    hash,
    name,
    type,
  }));
  return { rows, columns: kept, ...(past >= 0 && { more: columns.length - past }) };
}
