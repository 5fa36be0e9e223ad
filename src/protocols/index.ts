export * from './records';
export * from './data-store';
export * from './named-values';
export type * from './page';
export type * from './run-history';
export type * from './tapestry-store';
export type * from './backends';
export type * from './lease-table';
export type * from './subject-key-store';
