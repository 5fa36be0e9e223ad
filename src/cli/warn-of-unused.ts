import type { TapestryRecord } from '../model';
import { unusedParameter, unusedParameters } from '../model/unused-parameters';
import type { Output } from './output';

/** Tells of parameters that nothing uses. That is what is left of one that stands in a condition of the build function. */
export function warnOfUnused(tapestry: TapestryRecord, output: Output): void {
  for (const name of unusedParameters(tapestry)) {
    output.warn(`${output.yellow('warning')} ${unusedParameter(tapestry.name, name)}`);
  }
}
