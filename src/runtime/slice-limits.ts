/** Limits of the slices of a map's list. */
export interface SliceLimits {
  /** Maximum elements of a slice. */
  readonly elements: number;
  /** Maximum bytes of a slice, unless the slice is a single element. */
  readonly bytes: number;
  /** Maximum slices of one answer, and so of one execution of the map's child run. */
  readonly slices: number;
}

export const SLICE_LIMITS: SliceLimits = { elements: 500, bytes: 1024 * 1024, slices: 500 };
