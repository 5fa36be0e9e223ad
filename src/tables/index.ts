export { Table, type RowRange, type Rows } from './table';
export { table, TableSchema, type TableInput, type TableOptions } from './table-schema';
export type { ArrowOptions, ArrowSource, ArrowTable, CsvOptions, FileSource, SqlLimits } from './engine';
export type { ColumnTypes, GivenRow, RowOf } from './row-of';
