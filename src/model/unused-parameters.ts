import type { TapestryRecord } from './records';

/** Parameters that are neither an input of a knot nor a terminal, by name, in the order declared. */
export function unusedParameters({ parameters, knots, terminals }: TapestryRecord): string[] {
  const used = new Set(terminals?.values());
  for (const { inputs } of knots.values()) {
    for (const input of inputs.values()) if (input.kind === 'parent') used.add(input.knot);
  }
  return [...parameters.values()].filter(({ knot }) => !used.has(knot)).map(({ name }) => name);
}
