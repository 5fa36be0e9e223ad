/** The types of rows by the names of their columns' types. */

/** The names of columns with their types: `{ id: 'int64', name: 'utf8?', at: 'timestamp[us]' }`. A `?` allows null. */
export type ColumnTypes = Readonly<Record<string, string>>;

type SmallNumber = 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32' | 'float32' | 'float64';

/** The value of a type in a row that is read. */
type ValueOfType<Type extends string> = Type extends SmallNumber
  ? number
  : Type extends 'int64' | 'uint64'
    ? bigint
    : Type extends 'bool'
      ? boolean
      : Type extends 'binary'
        ? Uint8Array
        : Type extends 'utf8' | 'date32' | `time64[${string}]` | `timestamp[${string}]` | `decimal(${string})`
          ? string
          : Type extends `list<${infer Item}>`
            ? (ValueOfType<Item> | null)[]
            : Type extends `struct<${string}>`
              ? Record<string, unknown>
              : unknown;

/** The values that a table can be made of, if they are exact. */
type GivenOfType<Type extends string> = Type extends SmallNumber
  ? number | bigint
  : Type extends 'int64' | 'uint64'
    ? number | bigint
    : Type extends 'bool'
      ? boolean
      : Type extends 'binary'
        ? Uint8Array
        : Type extends 'utf8'
          ? string
          : Type extends `decimal(${string})`
            ? string | number
            : Type extends 'date32' | `timestamp[${string}]`
              ? string | Date | bigint
              : Type extends `time64[${string}]`
                ? string | bigint
                : Type extends `list<${infer Item}>`
                  ? readonly (GivenOfType<Item> | null | undefined)[]
                  : Type extends `struct<${string}>`
                    ? object
                    : unknown;

/** A row as it is read: `{ id: 'int64', name: 'utf8?' }` gives `{ id: bigint; name: string | null }`. */
export type RowOf<Columns extends ColumnTypes> = {
  [Name in keyof Columns]: Columns[Name] extends `${infer Type}?`
    ? ValueOfType<Type> | null
    : ValueOfType<Columns[Name]>;
};

type MayBeNull<Columns extends ColumnTypes> = {
  [Name in keyof Columns]: Columns[Name] extends `${string}?` ? Name : never;
}[keyof Columns];

/** A row that a table is made of. A column that allows null may be left out. */
export type GivenRow<Columns extends ColumnTypes> = {
  readonly [Name in Exclude<keyof Columns, MayBeNull<Columns>>]: GivenOfType<Columns[Name]>;
} & {
  readonly [Name in MayBeNull<Columns>]?:
    (Columns[Name] extends `${infer Type}?` ? GivenOfType<Type> : never) | null | undefined;
};
