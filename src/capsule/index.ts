export {
  openCapsule,
  readCapsule,
  type Capsule,
  type CapsuleCheck,
  type ReadCapsuleOptions,
} from './read-capsule';
export { writeCapsule, type WrittenCapsule } from './write-capsule';
export type { WriteCapsuleOptions } from './write-options';
export type { AbsentValue } from './format';
export { Reproducer, type ReproduceOptions } from './reproduce';
export type { KnotEnd, Reproduction, Verdict } from './reproduction';
export { rerun, type RerunOptions } from './rerun';
export type { FirstDifference } from './first-difference';
