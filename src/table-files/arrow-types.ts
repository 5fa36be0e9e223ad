/** Types of columns as types of Arrow, and back. */
import type { ColumnType, TimeUnit } from '../tables/types';
import * as arrow from './arrow-library';
import type { DataType, Field as ArrowField } from './arrow-library';

/** By Arrow's numbers. */
const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];
const EXTENSION = 'ARROW:extension:name';

/**
 * The name of the type that a column of Arrow has in a table, whatever its physical form. Types that no table can have
 * get a name that `typeOf` refuses.
 */
export function nameOfArrow({ type, metadata }: ArrowField): string {
  const extension = metadata?.get(EXTENSION);
  return extension === undefined ? nameOfForm(type) : `extension<${extension}>`;
}

function nameOfForm(type: DataType): string {
  switch (type.typeId) {
    case arrow.Type.Dictionary:
      return nameOfForm(type.dictionary);
    case arrow.Type.RunEndEncoded:
      return nameOfArrow(type.children[1]);
    case arrow.Type.Int:
      return `${type.signed ? '' : 'u'}int${type.bitWidth}`;
    case arrow.Type.Float:
      return `float${16 << type.precision}`;
    case arrow.Type.Utf8:
    case arrow.Type.LargeUtf8:
    case arrow.Type.Utf8View:
      return 'utf8';
    case arrow.Type.Binary:
    case arrow.Type.LargeBinary:
    case arrow.Type.BinaryView:
    case arrow.Type.FixedSizeBinary:
      return 'binary';
    case arrow.Type.Decimal:
      return `decimal(${type.precision},${type.scale})`;
    case arrow.Type.Date:
      return type.unit === arrow.DateUnit.DAY ? 'date32' : 'date64';
    case arrow.Type.Time:
      return `time${type.bitWidth}[${UNITS[type.unit]}]`;
    case arrow.Type.Timestamp:
      return `timestamp[${UNITS[type.unit]}${type.timezone ? `, tz=${type.timezone}` : ''}]`;
    case arrow.Type.List:
    case arrow.Type.LargeList:
    case arrow.Type.ListView:
    case arrow.Type.LargeListView:
    case arrow.Type.FixedSizeList:
      return `list<${nameOfArrow(type.children[0])}>`;
    case arrow.Type.Struct: {
      const fields = type.children.map((field) => `${JSON.stringify(field.name)}:${nameOfArrow(field)}`);
      return `struct<${fields.join(',')}>`;
    }
    default: {
      const [name] = Object.entries(arrow.Type).find(([, id]) => id === type.typeId) ?? [String(type.typeId)];
      return name.toLowerCase();
    }
  }
}

/** The plainest form of a type. */
export function arrowType(type: ColumnType): DataType {
  switch (type.kind) {
    case 'date32':
      return arrow.dateDay();
    case 'time64':
      return arrow.time(unitOf(type.unit));
    case 'timestamp':
      return arrow.timestamp(unitOf(type.unit), type.tz ?? null);
    case 'decimal':
      return arrow.decimal(type.precision, type.scale, 128);
    case 'list':
      return arrow.list(arrow.field('item', arrowType(type.item)));
    case 'struct':
      return arrow.struct(type.fields.map(({ name, type: of }) => arrow.field(name, arrowType(of))));
    default:
      return arrow[type.kind]();
  }
}

function unitOf(unit: TimeUnit): 0 | 1 | 2 | 3 {
  return UNITS.indexOf(unit) as 0 | 1 | 2 | 3;
}
