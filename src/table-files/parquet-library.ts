/**
 * The Parquet reader and writer. Both are ES modules, which `require` does not load on Node 20 or in jest, so the build
 * compiles them into the file that this one becomes.
 */
// @ts-expect-error -- an ES module, see above
export { parquetMetadataAsync, parquetScan } from 'hyparquet';
// @ts-expect-error -- an ES module, see above
export type { ColumnChunk, FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
// @ts-expect-error -- an ES module, see above
export { ByteWriter, ParquetWriter } from 'hyparquet-writer';
