import type { TapestryRecord } from './records';

/** Parameters that are neither an input of a knot nor a terminal, by name, in the order declared. */
export function unusedParameters({ parameters, knots, terminals }: TapestryRecord): string[] {
  const used = new Set(terminals?.values());
  for (const { inputs } of knots.values()) {
    for (const input of inputs.values()) if (input.kind === 'parent') used.add(input.knot);
  }
  return [...parameters.values()].filter(({ knot }) => !used.has(knot)).map(({ name }) => name);
}

export function unusedParameter(tapestry: string, parameter: string): string {
  return (
    `The parameter "${parameter}" of ${tapestry} is used by no knot. Wire it as an input, or remove it. In a condition of the build function, a knot has ` +
    'no value yet: choose with `branch` or `gate`.'
  );
}
