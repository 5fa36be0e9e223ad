import { hashText } from '../values';

/** Longer ids get a prefix and a hash; the server's limit is 1,000 bytes. */
export const ACTIVITY_ID_LENGTH = 200;

/** The knot's own id. The naming rule keeps knots' ids apart from the SDK's numbers and from `selvage.*`. */
export function activityIdOf(knotId: string): string {
  if (knotId.length <= ACTIVITY_ID_LENGTH) return knotId;
  return abbreviated(knotId, ACTIVITY_ID_LENGTH - 17, 16);
}

export function abbreviated(id: string, length: number, digits: number): string {
  return `${id.slice(0, length)}~${hashText(id).slice('sha256:'.length).slice(0, digits)}`;
}
