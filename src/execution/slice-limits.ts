/** Elements of a slice of a map's list, … */
export const MOST_ELEMENTS = 500;
/** … and their bytes, unless it is one element. */
export const MOST_BYTES = 1024 * 1024;
/** Slices of one answer, and so of one execution of the map's child run. */
export const MOST_SLICES = 500;
