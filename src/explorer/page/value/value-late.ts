/** Forms of values in one chunk, as many small chunks are larger together. */
export { ValueDiff } from './value-diff';
export { ValueTable } from './value-table';
export { ValueText } from './value-text';
