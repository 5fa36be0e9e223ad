import type { AnyTapestry } from '../authoring';
import { tapestryRecord } from '../authoring/marks';
import type { TapestryRecord } from '../authoring/records';

const files = new WeakMap<TapestryRecord, string>();

/** Remembers which file has made these tapestries: body threads load it again. */
export function noteLoaded(file: string, tapestries: readonly AnyTapestry[]): void {
  for (const tapestry of tapestries) files.set(tapestryRecord(tapestry)!, file);
}

/** The file that one of these tapestries was loaded from, as an absolute path; undefined if a program has made them. */
export function loadedFrom(tapestries: Iterable<TapestryRecord>): string | undefined {
  for (const tapestry of tapestries) {
    const file = files.get(tapestry);
    if (file !== undefined) return file;
  }
  return undefined;
}
