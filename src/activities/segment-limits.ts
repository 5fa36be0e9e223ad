/** What bounds the work of one segment. */
export interface SegmentLimits {
  /** Bodies running at once. */
  readonly concurrency: number;
  /** After so many milliseconds it starts nothing more: what depends on it from outside should not wait, nor a worker's shutdown. */
  readonly workingMs: number;
  /** After so many bytes of values it starts nothing more, for their memory. */
  readonly valueBytes: number;
}

export const SEGMENT_LIMITS: SegmentLimits = {
  concurrency: 500,
  workingMs: 30_000,
  valueBytes: 32 * 1024 * 1024,
};
