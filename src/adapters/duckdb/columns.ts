import type { Column } from '../../ports/columns';
import { requireStorableText } from '../../ports/parts/not-storable';
import type { DuckDbAppenderLike } from './client';

export interface Fields {
  readonly columns: readonly Column[];
  values(record: object): unknown[];
}

/** Appends the fields of a record, without ending the row. */
export function appendFields(appender: DuckDbAppenderLike, fields: Fields, record: object): void {
  for (const [index, value] of fields.values(record).entries()) {
    const column = fields.columns[index]!;
    const { kind } = column;
    if (value === null || value === undefined) appender.appendNull();
    else if (kind === 'text') appender.appendVarchar(storable(column.name, value as string));
    else if (kind === 'json') appender.appendVarchar(storableJson(column, value as string));
    else if (kind === 'number') appender.appendDouble(value as number);
    else appender.appendBigInt(BigInt(value as number));
  }
}

/** DuckDB would return a lone surrogate as another character. */
export function storable(column: string, text: string): string {
  requireStorableText(text, 'DuckDB', { column });
  return text;
}

/** DuckDB keeps a lone surrogate as an escape in JSON, where queries that look into it would fail later. */
function storableJson({ name, isSearched }: Column, text: string): string {
  const [, half] = (isSearched && HALF_OF_A_CHARACTER.exec(text)) || [];
  if (half) requireStorableText(JSON.parse(`"${half}"`) as string, 'DuckDB', { column: name });
  return text;
}

const HALF_OF_A_CHARACTER = /(?<!\\)(?:\\\\)*(\\ud[89a-f][\da-f]{2})/;

export type Row = Readonly<Record<string, unknown>>;

/** Converts integers to numbers where that is exact. */
export function plainRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}
