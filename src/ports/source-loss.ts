/** An amount of what a source holds, or has lost. */
export interface SourceAmount {
  readonly amount: number;
  readonly unit: 'elements' | 'bytes';
}

/** A part of a source that was never read, and that the source does not have any more. */
export interface Gap {
  readonly partition: string;
  /** The last place before it, in words. Absent: nothing before it was read. */
  readonly after?: string;
  /** Where reading goes on, in words. Absent: there is nothing behind it yet. */
  readonly before?: string;
  /** How much of it is known. Absent: nobody knows how much it was, or whether it was anything. */
  readonly lost?: SourceAmount;
  /** What has happened. */
  readonly why: string;
  /** When the place before it was last looked at, in milliseconds since the epoch. */
  readonly since?: number;
  /** When it was noticed, in milliseconds since the epoch. */
  readonly at: number;
}
