/** All that shows values in one chunk, as many small chunks are larger together. */
export { ValueContent } from './value-content';
export { ValueDiff } from './value-diff';
