/** Parts of the runs page in one chunk, as many small chunks are larger together. */
export { Grid } from './grid';
export { ChooseTapestry, StartDialog } from './start';
