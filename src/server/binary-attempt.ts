/** The ways to the Temporal command-line program, in the order in which they are tried. */
export type BinarySource = 'SELVAGE_TEMPORAL_CLI' | 'PATH' | 'cache' | 'SDK download' | 'pip';

/** The result of one way. */
export interface BinaryAttempt {
  readonly source: BinarySource;
  /** Where it looked, or what it ran. */
  readonly tried: string;
  /** The program that was found this way. */
  readonly path?: string;
  /** Why this way failed. */
  readonly failure?: string;
}
