import { z } from 'zod';

/** The facts about a field that stores need beside its type. */
interface ColumnFacts {
  /** Whether a map's elements, whose records are committed together, mostly differ in the field. Default: no. */
  readonly differs?: true;
  /** Whether queries look into the field's JSON, so that every database must be able to search each text in it. */
  readonly isSearched?: true;
}

const FACTS = new WeakMap<z.ZodType, ColumnFacts>();

/** A field with facts for stores. The schema is copied, because facts belong to one field. */
export function column<S extends z.ZodType>(schema: S, facts: ColumnFacts): S {
  const own = schema.clone();
  FACTS.set(own, facts);
  return own;
}

/** `json`: a column for anything but text and numbers, as JSON text. */
export type ColumnKind = 'text' | 'json' | 'int32' | 'integer' | 'number';

export interface Column extends ColumnFacts {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
}

type SnakeCase<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/** The row of a record: its fields under their names in snake_case. */
export type RowOf<T> = {
  [K in keyof T & string as SnakeCase<K>]: NonNullable<T[K]> extends string | number
    ? T[K]
    : string | Extract<T[K], null>;
};

/** The columns that a record's schema implies, in the schema's order, and the way from records to rows and back. */
export class RowCodec<T extends object> {
  readonly columns: readonly Column[];
  readonly names: readonly string[];
  readonly #fields: readonly string[];
  readonly #isJson: readonly boolean[];
  /** Copying an object is faster than filling an empty object. */
  readonly #blank: Readonly<Record<string, unknown>>;

  constructor({ shape }: z.ZodObject & z.ZodType<T>) {
    this.#fields = Object.keys(shape);
    this.columns = this.#fields.map((field) => columnOf(field, shape[field] as z.ZodType));
    this.names = this.columns.map(({ name }) => name);
    this.#isJson = this.columns.map(({ kind }) => kind === 'json');
    this.#blank = Object.fromEntries(this.#fields.map((field) => [field, null]));
  }

  /** A record's values in column order. */
  readonly values = (record: T): unknown[] =>
    this.#fields.map((field, index) => {
      const value = (record as Record<string, unknown>)[field];
      return this.#isJson[index] && value !== null ? JSON.stringify(value) : value;
    });

  toRow(record: T): RowOf<T> {
    const values = this.values(record);
    return Object.fromEntries(this.names.map((name, index) => [name, values[index]])) as RowOf<T>;
  }

  /** Leaves out other columns, and converts bigints to numbers; in a loop, as listings read thousands of rows. */
  readonly fromRow = (row: RowOf<T>): T => {
    const record = { ...this.#blank };
    for (let index = 0; index < this.names.length; index++) {
      const value = (row as Record<string, unknown>)[this.names[index]!];
      record[this.#fields[index]!] = this.#isJson[index]
        ? parsed(value as string)
        : typeof value === 'bigint'
          ? Number(value)
          : value;
    }
    return record as T;
  };
}

/** Most JSON of lineage is the empty object, which needs no parser. */
function parsed(json: string): unknown {
  return json === '{}' ? {} : JSON.parse(json);
}

function columnOf(field: string, schema: z.ZodType): Column {
  const isNullable = schema instanceof z.ZodNullable;
  return {
    name: field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    kind: kindOf(isNullable ? schema.unwrap() : schema),
    isNullable,
    ...FACTS.get(schema),
  };
}

function kindOf(schema: unknown): ColumnKind {
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return 'text';
  if (!(schema instanceof z.ZodNumber)) return 'json';
  if (schema.format === 'int32') return 'int32';
  return schema.format === null ? 'number' : 'integer';
}
