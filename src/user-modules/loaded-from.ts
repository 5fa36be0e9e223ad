import type { AnyTapestry } from '../authoring';
import { tapestryRecord } from '../authoring/marks';
import type { TapestryRecord } from '../authoring/records';

const files = new WeakMap<TapestryRecord, string>();

/** Notes the file of tapestries, which body threads load again. */
export function noteLoaded(file: string, tapestries: readonly AnyTapestry[]): void {
  for (const tapestry of tapestries) files.set(tapestryRecord(tapestry)!, file);
}

/** The file of tapestries as an absolute path; undefined if a program made these tapestries. */
export function loadedFrom(tapestries: Iterable<TapestryRecord>): string | undefined {
  for (const tapestry of tapestries) {
    const file = files.get(tapestry);
    if (file !== undefined) return file;
  }
  return undefined;
}
