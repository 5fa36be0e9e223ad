import { hashText } from '../canonical';

/** Longer ids are shown as a prefix and a hash, so that no id comes near the server's limit of 1,000 bytes. */
export const ACTIVITY_ID_LENGTH = 200;

/** The activity id of a knot: its own id, which the naming rule keeps apart from the SDK's numbers and from `selvage.*`. */
export function activityIdOf(knotId: string): string {
  if (knotId.length <= ACTIVITY_ID_LENGTH) return knotId;
  return `${knotId.slice(0, ACTIVITY_ID_LENGTH - 17)}~${hashText(knotId).slice('sha256:'.length).slice(0, 16)}`;
}
