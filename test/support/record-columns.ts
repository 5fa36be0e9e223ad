import { z } from 'zod';
import { DEAD_LETTER, EMITTER, LEDGER_ENTRY, LINEAGE, lineageRecordSchema, PLAN, RUN } from '../../src/ports';
import { RowCodec, type ColumnKind } from '../../src/ports/columns';

type Codec = Pick<RowCodec<object>, 'columns' | 'names'>;

/** A column as a database describes it. */
export interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
}

/** The tables of records. */
const RECORDS: Readonly<Record<string, Codec>> = {
  selvage_lineage: LINEAGE,
  selvage_runs: RUN,
  selvage_plans: PLAN,
  selvage_starts: LEDGER_ENTRY,
  selvage_emitters: EMITTER,
  selvage_dead_letters: DEAD_LETTER,
};

/** Columns that are not in the records. */
const OWN = ['id', 'change', 'made_in', 'started_change', 'ended_change'];

interface Change {
  readonly what: string;
  readonly codec: Codec;
  /** Has no effect in tables that allow null everywhere. */
  readonly isOfNull?: boolean;
}

/** Schemas that differ from the table of lineage, as after a change without a migration. */
const CHANGES: readonly Change[] = [
  {
    what: 'a field without a column',
    codec: new RowCodec(lineageRecordSchema.extend({ more: z.string() })),
  },
  { what: 'a column without a field', codec: new RowCodec(lineageRecordSchema.omit({ worker: true })) },
  {
    what: 'a field of another type',
    codec: new RowCodec(lineageRecordSchema.extend({ output_size: z.string().nullable() })),
  },
  {
    what: 'a field that is never null',
    codec: new RowCodec(lineageRecordSchema.extend({ worker: z.string() })),
    isOfNull: true,
  },
  {
    what: 'a field that may be null',
    codec: new RowCodec(lineageRecordSchema.extend({ dispatcher: z.string().nullable() })),
    isOfNull: true,
  },
];

export interface RecordColumns {
  readonly types: Readonly<Record<ColumnKind, string>>;
  /** Default: of all records. */
  readonly tables?: readonly string[];
  /** Whether the tables allow null everywhere. Default false. */
  readonly isAllNullable?: boolean;
  /** The columns after all migrations. */
  columnsOf(table: string): Promise<readonly FoundColumn[]>;
}

/** Tests that tables have the columns that the schemas of records imply. */
export function testRecordColumns({
  types,
  tables = Object.keys(RECORDS),
  isAllNullable = false,
  columnsOf,
}: RecordColumns): void {
  const compared = async (table: string, { columns, names }: Codec) => ({
    found: (await columnsOf(table)).filter(({ name }) => !OWN.includes(name) || names.includes(name)),
    expected: columns.map(({ name, kind, isNullable }) => ({
      name,
      type: types[kind],
      isNullable: isAllNullable || isNullable,
    })),
  });

  test.each(tables)('%s has the columns that the schema of its records implies', async (table) => {
    const { found, expected } = await compared(table, RECORDS[table]!);
    expect(found).toEqual(expected);
  });

  const noticed = CHANGES.filter(({ isOfNull }) => !(isOfNull && isAllNullable));
  test.each(noticed)('$what is noticed', async ({ codec }) => {
    const { found, expected } = await compared('selvage_lineage', codec);
    expect(found).not.toEqual(expected);
  });
}
