/** Input of the update that extends a run. The fragment is in the data store. */
export interface ExtendMessage {
  readonly fragment: string;
}

export interface ExtendRequest {
  readonly plan: string;
  /** See `RunMemo`. */
  readonly terminals?: readonly string[];
  readonly temporalRunId: string;
  readonly fragment: string;
  /** The knot whose body asked for it; its worker checked the fragment. Absent: the fragment comes from outside. */
  readonly by?: string;
}

export interface ExtendResult {
  /** The extended plan; equals the requested one if that already contained the whole fragment. */
  readonly plan: string;
  /** Number of layout slices after those of the requested plan. The first slice is in {@link layout}. */
  readonly slices: number;
  readonly layout: string;
}
