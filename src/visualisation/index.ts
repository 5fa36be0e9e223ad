export type { Box, GroupBox, Picture } from './picture';
export { selectKnots } from './selection';
export type * from './selection';
