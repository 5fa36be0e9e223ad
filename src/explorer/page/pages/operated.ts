/** One chunk: many small ones are larger together. */
export { EmittersPage } from './emitters';
export { TriggersPage } from './triggers';
export { WorkersPage } from './workers';
