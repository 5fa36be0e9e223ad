export type { Box, GroupBox, Picture, PictureOptions, Wire } from './picture';
export { kinshipOf, recordedStatus, relatives, selectKnots } from './selection';
export type * from './selection';
