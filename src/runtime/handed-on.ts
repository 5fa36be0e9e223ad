import { encodeJson, encodedSize, type Json } from '../values';
import { SelvageError } from '../errors';

/** The server keeps the details in the state of the run, which has 8 MiB for all its running knots. */
const HANDED_ON_BYTES = 8 * 1024;

/** @throws SelvageError `NotEncodable`, also for details that are too large */
export function encodeHandedOn(knotId: string, details: unknown): Json {
  const encoded = encodeJson(details);
  const bytes = encodedSize({ kind: 'json', text: JSON.stringify(encoded) });
  if (bytes <= HANDED_ON_BYTES) return encoded;
  throw new SelvageError(
    'NotEncodable',
    `Knot "${knotId}" gave ${bytes} bytes to ctx.heartbeat, which takes ${HANDED_ON_BYTES}: the server keeps them for every ` +
      'running knot. Hand on a position, and keep what is larger by ctx.store().',
    { details: { knot: knotId, bytes } },
  );
}
