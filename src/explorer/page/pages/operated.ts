/** Pages in one chunk, as many small chunks are larger together. */
export { EmittersPage } from './emitters';
export { TriggersPage } from './triggers';
export { WorkersPage } from './workers';
