import { SelvageError } from '../errors';
import type { KnotRecord, TapestryRecord } from '../authoring/records';
import type { Refusals } from './refusals';
import { topologicalOrder } from './topological-order';

/** Most knots of a cycle that a message names; the details have them all. */
const NAMED_KNOTS = 10;

/** All knots in plan order. If a cycle makes that impossible, in the order in which they were placed. */
export function orderedKnots(tapestry: TapestryRecord, refusals: Refusals): KnotRecord[] {
  const parameters = [...tapestry.parameters.values()].map(({ knot }) => knot);
  const placed = [...parameters, ...[...tapestry.knots.values()].filter((knot) => knot.definition)];
  if (placed.length === 0) {
    const message = `Tapestry '${tapestry.name}' is empty: place a knot in it, or declare a parameter.`;
    refusals.refuse(new SelvageError('EmptyTapestry', message, { details: { tapestry: tapestry.name } }));
  }
  const placeOf = new Map(placed.map((knot, place) => [knot, place]));
  const parents = placed.map((knot) => {
    const list: number[] = [];
    for (const [name, input] of knot.inputs) {
      if (input.kind !== 'parent') continue;
      const place = placeOf.get(input.knot);
      if (place !== undefined) list.push(place);
      else refusals.refuse(notOurs(input.knot, tapestry, `Input '${name}' of knot '${knot.id}'`));
    }
    return list;
  });
  const sorted = topologicalOrder(parents);
  if ('circle' in sorted) {
    const ids = sorted.circle.map((place) => placed[place]!.id);
    refusals.refuse(circleFound(tapestry, ids));
    return placed;
  }
  return sorted.order.map((place) => placed[place]!);
}

function circleFound(tapestry: TapestryRecord, ids: readonly string[]): SelvageError {
  const named = [...ids.slice(0, NAMED_KNOTS), ...(ids.length > NAMED_KNOTS ? ['…'] : []), ids[0]!];
  return new SelvageError(
    'Cycle',
    `Knots of tapestry '${tapestry.name}' depend on one another in a circle: ${named.join(' <- ')}. Take one of these inputs away.`,
    { details: { tapestry: tapestry.name, knots: ids } },
  );
}

export function notOurs(knot: KnotRecord, tapestry: TapestryRecord, where: string): SelvageError {
  const details = { knot: knot.id, tapestry: tapestry.name };
  if (knot.tapestry !== tapestry) {
    return new SelvageError(
      'ForeignKnot',
      `${where} is knot '${knot.id}' of tapestry '${knot.tapestry.name}', which tapestry '${tapestry.name}' cannot use: ` +
        `place a knot of its own in '${tapestry.name}'.`,
      { details },
    );
  }
  return new SelvageError(
    'UnknownKnot',
    `${where} is knot '${knot.id}', which tapestry '${tapestry.name}' does not have: register it there.`,
    { details },
  );
}
