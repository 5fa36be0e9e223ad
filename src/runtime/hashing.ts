import type { Sha256 } from '../values';

export interface Hashing {
  /** For documents that are stored in clear: plans, sources of bodies, fragments, error ids. */
  readonly sha256: Sha256;
  /** For values: keyed if the host has a digest key. */
  readonly digest: Sha256;
}
