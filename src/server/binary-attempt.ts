/** The ways to the Temporal command-line program, in the order in which they are tried. */
export type BinarySource = 'SELVAGE_TEMPORAL_CLI' | 'PATH' | 'cache' | 'SDK download' | 'pip';

/** What one way led to. */
export interface BinaryAttempt {
  readonly source: BinarySource;
  /** Where was looked, or what was run. */
  readonly tried: string;
  /** The program that was found this way. */
  readonly path?: string;
  /** Why this way led nowhere. */
  readonly failure?: string;
}
