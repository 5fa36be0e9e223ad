/**
 * A laid-out graph, from which every picture of it is drawn, in files and on the page. Lengths are in pixels
 * at full size; y grows downward, and every wire goes downward. It depends on the wiring alone, so that a
 * change of state moves nothing.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** By index of the knot; undefined inside a closed group. */
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

/** Knots whose ids have a common beginning (`a.b`), such as a branch with its paths. */
export interface GroupBox extends Box {
  /** The common beginning, such as `load.users`. */
  readonly name: string;
  /** 0: outermost. */
  readonly depth: number;
  /** Index of the enclosing group. */
  readonly parent?: number;
  /** Indexes of its knots, including those of inner groups. */
  readonly members: readonly number[];
  /** Whether it is drawn as one box. */
  readonly isClosed: boolean;
}

/** A connection of two knots or closed groups, with the corners of its path: x0, y0, x1, y1, … */
interface Wire {
  /** Index of a knot; for a closed group, `-1 - index` of the group. */
  readonly from: number;
  readonly to: number;
  /** The number of inputs that it stands for. */
  readonly inputs: number;
  readonly points: readonly number[];
}

export interface PictureOptions {
  /** Names of the groups to draw as one box each. Default: none. */
  readonly closed?: ReadonlySet<string>;
}
