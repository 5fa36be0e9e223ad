/**
 * A laid-out graph, for all pictures in files and on the page. Lengths are in pixels at full size; y grows
 * downward, as does every wire. A picture depends on the wiring alone: a change of state moves nothing.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Boxes by index of the knot; undefined inside a closed group. */
  readonly boxes: readonly (Box | undefined)[];
  /** Outer groups before inner ones. */
  readonly groups: readonly GroupBox[];
  readonly wires: readonly Wire[];
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Knots with a common beginning of their ids (`a.b`), such as a branch with its paths. */
export interface GroupBox extends Box {
  /** The common beginning of the ids, such as `load.users`. */
  readonly name: string;
  /** 0: outermost. */
  readonly depth: number;
  /** Index of the enclosing group. */
  readonly parent?: number;
  /** Indexes of the group's knots, including those of inner groups. */
  readonly members: readonly number[];
  /** Whether the group is drawn as one box. */
  readonly isClosed: boolean;
}

/** A connection of two knots or closed groups, with the corners of its path: x0, y0, x1, y1, … */
interface Wire {
  /** Index of a knot; for a closed group, `-1 - index` of the group. */
  readonly from: number;
  readonly to: number;
  /** Number of inputs in this wire. */
  readonly inputs: number;
  readonly points: readonly number[];
}

export interface PictureOptions {
  /** Names of the groups to draw as one box each. Default: none. */
  readonly closed?: ReadonlySet<string>;
}
