/** A stretch in which two lists differ: where it begins in each, and the first item behind it. */
export interface Hunk {
  readonly first: number;
  readonly firstEnd: number;
  readonly second: number;
  readonly secondEnd: number;
}

/** Lists with more single changes are one hunk from the first change to the last. */
const MOST_CHANGES = 800;

/** The hunks of two lists, in order, by the algorithm of Myers: as few changes as possible. */
export function hunksOf<Item>(
  one: readonly Item[],
  other: readonly Item[],
  isSame: (one: Item, other: Item) => boolean,
): Hunk[] {
  let start = 0;
  while (start < one.length && start < other.length && isSame(one[start]!, other[start]!)) start += 1;
  let [firstEnd, secondEnd] = [one.length, other.length];
  while (firstEnd > start && secondEnd > start && isSame(one[firstEnd - 1]!, other[secondEnd - 1]!)) {
    firstEnd -= 1;
    secondEnd -= 1;
  }
  if (firstEnd === start && secondEnd === start) return [];
  const whole = { first: start, firstEnd, second: start, secondEnd };
  const [width, height] = [firstEnd - start, secondEnd - start];
  // Both first items differ: two lists of one item need no search.
  if (width * height < 2) return [whole];
  /** For each number of changes, how far in the first list each diagonal comes. */
  const reached: Int32Array[] = [];
  let far = new Int32Array(2 * MOST_CHANGES + 3);
  for (let changes = 0; changes <= MOST_CHANGES; changes++) {
    reached.push(far);
    far = far.slice();
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let x = nextX(reached[changes]!, diagonal, changes);
      while (x < width && x - diagonal < height && isSame(one[start + x]!, other[start + x - diagonal]!))
        x += 1;
      far[MOST_CHANGES + 1 + diagonal] = x;
      if (diagonal === width - height && x >= width) return backFrom(reached, width, height, start);
    }
  }
  return [whole];
}

const isDown = (far: Int32Array, diagonal: number, changes: number): boolean => {
  const at = MOST_CHANGES + 1 + diagonal;
  return diagonal === -changes || (diagonal !== changes && far[at - 1]! < far[at + 1]!);
};

function nextX(far: Int32Array, diagonal: number, changes: number): number {
  const at = MOST_CHANGES + 1 + diagonal;
  if (changes === 0) return 0;
  return isDown(far, diagonal, changes) ? far[at + 1]! : far[at - 1]! + 1;
}

/** Walks the changes back from the end; changes that touch are one hunk. */
function backFrom(reached: readonly Int32Array[], width: number, height: number, start: number): Hunk[] {
  const hunks: Hunk[] = [];
  let [x, y] = [width, height];
  for (let changes = reached.length - 1; changes > 0; changes--) {
    const far = reached[changes]!;
    const down = isDown(far, x - y, changes);
    const startX = nextX(far, x - y, changes);
    const startY = startX - (x - y);
    x = down ? startX : startX - 1;
    y = down ? startY - 1 : startY;
    const [first, firstEnd, second, secondEnd] = [x, startX, y, startY].map((at) => at + start) as Place;
    const next = hunks[0];
    if (next && next.first === firstEnd && next.second === secondEnd) hunks[0] = { ...next, first, second };
    else hunks.unshift({ first, firstEnd, second, secondEnd });
  }
  return hunks;
}

type Place = [number, number, number, number];
