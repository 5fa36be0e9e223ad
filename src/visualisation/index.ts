export type { Box, GroupBox, Picture, PictureOptions, Wire } from './picture';
export {
  kinshipOf,
  recordedStatus,
  relatives,
  selectKnots,
  type Kinship,
  type KnotStatus,
  type Selection,
} from './selection';
