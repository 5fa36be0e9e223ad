export type * from './contract';
export { explorerHandler, type ExplorerHandler, type ExplorerHandlerOptions } from './explorer-handler';
export type { Authenticate, Caller } from './http/guard';
