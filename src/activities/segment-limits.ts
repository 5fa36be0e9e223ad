export interface SegmentLimits {
  /** Maximum number of running bodies. */
  readonly concurrency: number;
  /** Milliseconds after which a segment starts nothing more, if knots outside may wait for it. */
  readonly workingMs: number;
  /** Bytes of values after which a segment starts nothing more, because of their memory. */
  readonly valueBytes: number;
}

export const SEGMENT_LIMITS: SegmentLimits = {
  concurrency: 500,
  workingMs: 30_000,
  valueBytes: 32 * 1024 * 1024,
};
