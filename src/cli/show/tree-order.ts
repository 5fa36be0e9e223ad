import { append } from '../../values/append';

/**
 * Orders a tree in which each node stands below its deepest parent, the first of equally deep ones.
 *
 * @param parents indexes of each node's parents; only earlier ones count
 */
export function treeOrder(
  parents: readonly (readonly number[])[],
): { readonly index: number; readonly depth: number }[] {
  const depths: number[] = [];
  const children = new Map<number, number[]>();
  parents.forEach((those, index) => {
    const deepest = those
      .filter((one) => one < index)
      .reduce((best, one) => (best < 0 || depths[one]! > depths[best]! ? one : best), -1);
    depths.push(deepest < 0 ? 0 : depths[deepest]! + 1);
    append(children, deepest, index);
  });
  const tree: { index: number; depth: number }[] = [];
  const open = (children.get(-1) ?? []).reverse();
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    tree.push({ index, depth: depths[index]! });
    for (const child of (children.get(index) ?? []).reverse()) open.push(child);
  }
  return tree;
}
