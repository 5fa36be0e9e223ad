import { pipeline, Readable } from 'node:stream';
import { CsvError, parse, type InfoRecord } from 'csv-parse';
import { SelvageError } from '../errors';
import { batchesOfColumns } from '../tables/from-values';
import type { CsvOptions } from '../tables/engine';
import { nameOf, unsupported, type ColumnType, type Field } from '../tables/types';
import { BLOCK_ROWS, type Batch } from '../tables/vector';

type Parsed = { readonly record: string[]; readonly raw: string; readonly info: InfoRecord };

const WHOLE = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
  ['-inf', -Infinity],
  ['-infinity', -Infinity],
]);

/** The rows of a CSV file, whose first line names the columns. Columns that are not declared are left out. */
export async function* readCsv(
  source: AsyncIterable<Uint8Array>,
  file: string,
  fields: readonly Field[],
  { delimiter = ',', null: none = '' }: CsvOptions,
): AsyncGenerator<Batch> {
  const parser = parse({ delimiter, info: true, raw: true, skip_empty_lines: true });
  // An error of the source ends the parser, whose iteration throws it.
  pipeline(Readable.from(textOf(source, file)), parser, () => undefined);
  let places: number[] | undefined;
  let columns: unknown[][] = [];
  let lines: number[] = [];
  let done = 0;
  const begin = (): void => {
    columns = fields.map(() => []);
    lines = [];
  };
  const flush = (): Batch[] => {
    const batches = located(file, lines, done, () => {
      const named = fields.map(({ name }, index): [string, unknown[]] => [name, columns[index]!]);
      return batchesOfColumns(fields, Object.fromEntries(named), done);
    });
    done += lines.length;
    begin();
    return batches;
  };
  begin();
  try {
    for await (const { record, raw, info } of parser as AsyncIterable<Parsed>) {
      if (!places) {
        places = placesOf(record, fields, file);
        continue;
      }
      for (const [index, { name, type }] of fields.entries()) {
        const place = places[index]!;
        const text = record[place]!;
        const isNull = text === none && !isQuoted(raw, place, delimiter);
        columns[index]!.push(isNull ? null : valueOf(text, type, name, file, info.lines));
      }
      lines.push(info.lines);
      if (lines.length === BLOCK_ROWS) yield* flush();
    }
  } catch (cause) {
    throw cause instanceof CsvError ? malformed(file, cause) : cause;
  }
  if (!places) placesOf([], fields, file);
  if (lines.length > 0) yield* flush();
}

/**
 * Whether the field at a place of a record stands in quotes: then it is a text, also where it equals the text of a
 * null. The parser tells this only by a call for each field, which takes six times as long as to parse.
 */
function isQuoted(raw: string, place: number, delimiter: string): boolean {
  // The lines without content that were skipped before the record.
  let at = raw.search(/[^\r\n]|$/);
  for (let rest = place; rest > 0; rest--) {
    if (raw[at] === '"') {
      do at = raw.indexOf('"', at + 1) + 1;
      while (at > 0 && raw[at] === '"');
    }
    at = raw.indexOf(delimiter, at) + delimiter.length;
  }
  return raw[at] === '"';
}

/** Decodes UTF-8, or UTF-16 with a byte order mark. Other bytes would become other texts. */
async function* textOf(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<string> {
  let decode: ((piece?: Uint8Array) => string) | undefined;
  for await (const piece of source) {
    decode ??= decoderOf(piece, file);
    yield decode(piece);
  }
  if (decode) yield decode();
}

function decoderOf(beginning: Uint8Array, file: string): (piece?: Uint8Array) => string {
  const encoding = beginning[0] === 0xff && beginning[1] === 0xfe ? 'utf-16le' : 'utf-8';
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (piece) => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw malformed(file, cause, 'it is not UTF-8. Write it anew in UTF-8, not compressed');
    }
  };
}

function placesOf(header: readonly string[], fields: readonly Field[], file: string): number[] {
  return fields.map(({ name, type }) => {
    const place = header.indexOf(name);
    if (place < 0) unsupported(name, nameOf(type), `the first line of ${file} does not name it`);
    if (header.lastIndexOf(name) !== place)
      unsupported(name, nameOf(type), `the first line of ${file} names it twice`);
    if (type.kind === 'list' || type.kind === 'struct') {
      unsupported(name, nameOf(type), 'CSV has no lists and structs. Use Parquet or Arrow');
    }
    return place;
  });
}

function valueOf(text: string, type: ColumnType, column: string, file: string, line: number): unknown {
  const fail = (why: string): never => {
    const shown = JSON.stringify(text.slice(0, 60));
    const name = nameOf(type);
    throw new SelvageError(
      'InvalidRows',
      `The column ${JSON.stringify(column)} (${name}) cannot have the value ${shown} in ${file}, line ${line}: ${why}. Correct it, or declare another type.`,
      { details: { column, type: name, file, line } },
    );
  };
  switch (type.kind) {
    case 'utf8':
    case 'decimal':
    case 'date32':
    case 'time64':
      return text;
    case 'timestamp':
      return text.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T');
    case 'binary':
      return /^(?:[0-9a-fA-F]{2})*$/.test(text)
        ? new Uint8Array(Buffer.from(text, 'hex'))
        : fail('it is not hexadecimal');
    case 'bool':
      if (/^true$/i.test(text)) return true;
      return /^false$/i.test(text) ? false : fail('it is neither true nor false');
    case 'float32':
    case 'float64':
      return FLOAT.test(text)
        ? Number(text)
        : (NOT_FINITE.get(text.toLowerCase()) ?? fail('it is no number'));
    default:
      return WHOLE.test(text) ? BigInt(text.replace('+', '')) : fail('it is no integer');
  }
}

/** Names file and line in an error that names a row. */
function located<T>(file: string, lines: readonly number[], first: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!SelvageError.is(error, 'InvalidRows')) throw error;
    const line = lines[(error.details as { row?: number }).row! - first];
    throw new SelvageError('InvalidRows', `${error.message} (${file}, line ${line})`, {
      details: { ...error.details, file, line },
    });
  }
}

function malformed(file: string, cause: unknown, why?: string): SelvageError {
  const { message, lines } = cause as { message: string; lines?: number };
  const place = lines === undefined ? '' : `, line ${lines},`;
  return new SelvageError(
    'UnreadableFile',
    `The CSV file ${file}${place} cannot be read: ${why ?? `${message}. Correct it`}.`,
    {
      cause,
      details: { file, ...(lines !== undefined && { line: lines }) },
    },
  );
}
