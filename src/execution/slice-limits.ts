/** Into what the list of a map is taken apart. */
export interface SliceLimits {
  /** Elements of a slice, … */
  readonly elements: number;
  /** … and their bytes, unless it is one element. */
  readonly bytes: number;
  /** Slices of one answer, and so of one execution of the map's child run. */
  readonly slices: number;
}

export const SLICE_LIMITS: SliceLimits = { elements: 500, bytes: 1024 * 1024, slices: 500 };
