import { SelvageError } from '../errors';
import { IndexQueue } from './index-queue';

/** Maximum number of knots named in a message about a cycle; the details have all. */
const NAMED_KNOTS = 10;

type TopologicalOrder =
  | { readonly order: readonly number[] }
  /** A cycle's knots: each knot depends on the next, and the last on the first. */
  | { readonly circle: readonly number[] };

/** Parents before children, else lowest index first (Kahn's algorithm). */
export function topologicalOrder(parents: readonly (readonly number[])[]): TopologicalOrder {
  const children: number[][] = parents.map(() => []);
  const unplaced = parents.map((list) => list.length);
  const ready = new IndexQueue();
  parents.forEach((list, node) => {
    for (const parent of list) children[parent]!.push(node);
    if (list.length === 0) ready.add(node);
  });
  const order: number[] = [];
  for (let node = ready.take(); node !== undefined; node = ready.take()) {
    order.push(node);
    for (const child of children[node]!) {
      unplaced[child]! -= 1;
      if (unplaced[child] === 0) ready.add(child);
    }
  }
  if (order.length === parents.length) return { order };
  return { circle: findCircle(parents, unplaced) };
}

/** @param where the knots are, as `the fragment` */
export function circleFound(where: string, tapestry: string, knots: readonly string[]): SelvageError {
  const named = [...knots.slice(0, NAMED_KNOTS), ...(knots.length > NAMED_KNOTS ? ['…'] : []), knots[0]!];
  return new SelvageError(
    'Cycle',
    `Knots of ${where} depend on one another in a circle: ${named.join(' <- ')}. Take one of these inputs away.`,
    { details: { tapestry, knots } },
  );
}

/** Every unordered node has an unordered parent, so following parents ends in a cycle. */
function findCircle(parents: readonly (readonly number[])[], unplaced: readonly number[]): number[] {
  const path: number[] = [];
  const seenAt = new Map<number, number>();
  let node = unplaced.findIndex((count) => count > 0);
  while (!seenAt.has(node)) {
    seenAt.set(node, path.length);
    path.push(node);
    node = parents[node]!.find((parent) => unplaced[parent]! > 0)!;
  }
  return path.slice(seenAt.get(node));
}
