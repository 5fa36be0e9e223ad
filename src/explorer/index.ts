export type * from './contract';
export { uiHandler, type UiHandler, type UiHandlerOptions } from './ui-handler';
export type { Authenticate, Caller } from '../api/guard';
