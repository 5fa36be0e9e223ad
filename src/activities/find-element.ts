import { ElementKnots, idOfPart, type ElementKnot, type LoadedPlan, type ValueId } from '../execution';
import type { Parents } from '../interceptors/activity/parents';
import type { ResolvedTask } from './knot-attempt';
import type { WorkerEnvironment } from './worker-environment';

/**
 * The element that an activity is for, as a knot, and what it gets.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function findElement(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  place: NonNullable<ResolvedTask['element']>,
): Promise<{ readonly knot: ElementKnot; readonly parents: Parents }> {
  const slice = await environment.slices.get(place.slice, place.map);
  const position = slice.first + place.offset;
  const map = plan.knot(place.map);
  const knot = new ElementKnots(plan, map).at(position, slice.keys?.[place.offset]);
  const identityOf = (parent: number, input: string): ValueId => {
    const text = slice.textOf(knot, input);
    return text === undefined ? slice.sharedId(parent) : idOfPart(text, environment.digest);
  };
  return {
    knot,
    parents: {
      hashOf: (parent, input) => identityOf(parent, input).hash,
      kindOf: () => 'ok',
      identityOf,
      valueOf: () => {
        throw new Error(`Element "${knot.id}" passes no value on.`);
      },
      read: () => Promise.resolve((parent, input) => slice.fresh(knot, parent, input)),
    },
  };
}
