import {
  ElementKnots,
  type ElementKnot,
  type LoadedPlan,
  ElementParents,
  type KnotParents,
} from '../runtime';
import type { ResolvedTask } from './tasks';
import type { WorkerEnvironment } from './worker-environment';

/**
 * The element that an activity is for, as a knot, with its inputs.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function findElement(
  environment: WorkerEnvironment,
  plan: LoadedPlan,
  place: NonNullable<ResolvedTask['element']>,
): Promise<{ readonly knot: ElementKnot; readonly parents: KnotParents }> {
  const slice = await environment.slices.get(place.slice, place.map);
  const position = slice.first + place.offset;
  const map = plan.knot(place.map);
  const knot = new ElementKnots(plan, map).at(position, slice.keys?.[place.offset]);
  return { knot, parents: new ElementParents(knot, slice, environment.digest) };
}
