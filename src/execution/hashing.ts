import type { Sha256 } from '../canonical';

/** What a host hashes with. */
export interface Hashing {
  /** Documents, which are in clear wherever their hash is: plans, sources of bodies, fragments, what tells errors apart. */
  readonly sha256: Sha256;
  /** Values: with a key, if the host has one. */
  readonly digest: Sha256;
}
