import type { Kinship } from '../../../visualisation/selection';

export type Step = 'parent' | 'child' | 'next' | 'previous';

/** Leads from a knot to the nearest parent or child, and back to where the walk came from. */
export function stepFrom(
  knot: number,
  step: Step,
  { parents, children }: Kinship,
  across: (knot: number) => number | undefined,
  from?: number,
): number | undefined {
  if (step === 'next' || step === 'previous') {
    const other = knot + (step === 'next' ? 1 : -1);
    return other >= 0 && other < parents.length ? other : undefined;
  }
  const those = (step === 'parent' ? parents : children)[knot] ?? [];
  if (from !== undefined && those.includes(from)) return from;
  const here = across(knot) ?? 0;
  let best: number | undefined;
  let distance = Infinity;
  for (const one of those) {
    const apart = Math.abs((across(one) ?? Infinity) - here);
    if (best === undefined || apart < distance) [best, distance] = [one, apart];
  }
  return best;
}
