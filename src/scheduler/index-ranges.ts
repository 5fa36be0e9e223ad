/** `first, count, first, count, …` of ascending indexes, as most are consecutive. */
export function packRanges(indexes: Iterable<number>): number[] {
  const ranges: number[] = [];
  let next = -1;
  for (const index of indexes) {
    if (index === next) ranges[ranges.length - 1]! += 1;
    else ranges.push(index, 1);
    next = index + 1;
  }
  return ranges;
}

export function unpackRanges(ranges: readonly number[]): number[] {
  const indexes: number[] = [];
  for (let place = 0; place + 1 < ranges.length; place += 2) {
    for (let count = 0; count < ranges[place + 1]!; count++) indexes.push(ranges[place]! + count);
  }
  return indexes;
}
