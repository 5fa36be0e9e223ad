export * from './records';
export type * from './data-store';
export type * from './run-history';
export type * from './tapestry-store';
export type * from './backends';
export type * from './lease-table';
