export type { Box, GroupBox, Picture } from './picture';
export type { KnotStatus } from './marks';
export { selectKnots } from './selection';
export type * from './selection';
