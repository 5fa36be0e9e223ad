import type { TapestryRecord } from '../authoring/records';
import { accepts } from './given-times';

/**
 * Adds the planned time to the parameters: as a Date, or as its ISO text if the schema does not accept a Date.
 *
 * @param name the parameter; undefined if none gets it
 * @param planned an ISO text; undefined if the run was not planned
 */
export async function withPlannedTime(
  tapestry: TapestryRecord,
  given: unknown,
  name: string | undefined,
  planned: unknown,
): Promise<unknown> {
  const parameter = name === undefined ? undefined : tapestry.parameters.get(name);
  if (!parameter || typeof planned !== 'string' || typeof given !== 'object') return given;
  const date = new Date(planned);
  const takesDate = await accepts(parameter, date);
  return { ...given, [parameter.name]: takesDate ? date : planned };
}
