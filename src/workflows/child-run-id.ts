import { hashText } from '../canonical';

/** The server takes workflow ids of 1,000 bytes. */
const LONGEST = 900;
const PREFIX_LENGTH = 200;

/** `<run>/<knot>`; one that is longer than the server takes is a prefix and a hash. */
export function childRunId(runId: string, knot: string): string {
  const id = `${runId}/${knot}`;
  if (new TextEncoder().encode(id).length <= LONGEST) return id;
  return `${id.slice(0, PREFIX_LENGTH)}~${hashText(id).slice('sha256:'.length).slice(0, 32)}`;
}
