/** One chunk: many small ones are larger together. */
export { Grid } from './grid';
export { ChooseTapestry, StartDialog } from './start';
