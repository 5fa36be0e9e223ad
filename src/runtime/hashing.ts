import type { Sha256 } from '../values';

export interface Hashing {
  /** Hashes documents that are stored in clear: plans, sources of bodies, fragments, error ids. */
  readonly sha256: Sha256;
  /** Hashes values: with the digest key, if the host has one. */
  readonly digest: Sha256;
}
