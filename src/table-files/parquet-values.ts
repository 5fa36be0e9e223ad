/** Units and values as Parquet keeps them. */
import { SelvageError } from '../errors';
import { setOwn } from '../values/sorted-tree';
import type { FromUnits } from '../tables/to-values';
import { nameOf, type ColumnType } from '../tables/types';
import { itemOf, unitIn, type FileColumn } from './parquet-schema';

type Convert = (value: unknown) => unknown;

const MILLISECONDS = 1000n;

/** Parquet has no unit of a second. */
export const toParquet: FromUnits = (units, type) => {
  if (type.kind !== 'timestamp' || type.unit !== 's') return units;
  const milliseconds = (units as bigint) * MILLISECONDS;
  if (BigInt.asIntN(64, milliseconds) === milliseconds) return milliseconds;
  throw new SelvageError(
    'UnsupportedTable',
    `A value of type ${nameOf(type)} cannot be kept: ${units} seconds from 1970 are beyond what Parquet can say in milliseconds. Correct it, or keep it as int64.`,
    { details: { type: nameOf(type) } },
  );
};

/** What makes units of the values of a file's column; undefined if they are units. */
export function fromParquet(type: ColumnType, column: FileColumn): Convert | undefined {
  const convert = converter(type, column);
  return convert && ((value) => (value === null || value === undefined ? null : convert(value as never)));
}

function converter(type: ColumnType, column: FileColumn): ((value: never) => unknown) | undefined {
  switch (type.kind) {
    case 'uint32':
      return (number: number) => number >>> 0;
    case 'uint64':
      return (number: bigint) => BigInt.asUintN(64, number);
    case 'timestamp':
      if (type.unit !== 's' || unitIn(column.element) !== 'ms') return undefined;
      // A fraction of a second is kept here, so that the check of the column refuses it.
      return (units: bigint) => (units % MILLISECONDS === 0n ? units / MILLISECONDS : Number(units) / 1000);
    case 'decimal':
      return unscaled;
    case 'list': {
      const item = fromParquet(type.item, itemOf(column)!);
      return item && ((items: unknown[]) => items.map(item));
    }
    case 'struct': {
      const parts = type.fields.map(({ name, type: of }) => {
        const field = column.children.find(({ element }) => element.name === name)!;
        return [name, fromParquet(of, field) ?? ((value: unknown) => value)] as const;
      });
      return (struct: Record<string, unknown>) => {
        const converted: Record<string, unknown> = {};
        for (const [name, part] of parts) setOwn(converted, name, part(struct[name]));
        return converted;
      };
    }
    default:
      return undefined;
  }
}

/** Big-endian two's complement, as Parquet keeps it. */
function unscaled(units: Uint8Array | number | bigint): bigint {
  if (!(units instanceof Uint8Array)) return BigInt(units);
  let value = 0n;
  for (const byte of units) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * units.length, value);
}
