import { createHash } from 'node:crypto';

const UUID_7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/**
 * The id of a run for OpenLineage: a UUID ordered by time. The UUID follows from the run's own id, so that a repeated
 * event names the same run. Newer servers of Temporal give ids ordered by time themselves.
 */
export function runUuid({
  temporal_run_id: id,
  started_at: at,
}: {
  temporal_run_id: string;
  started_at: number;
}): string {
  return UUID_7.test(id) ? id : uuid7(at, 'run', id);
}

export function knotUuid(temporalRunId: string, knotId: string, at: number): string {
  return uuid7(at, 'knot', temporalRunId, knotId);
}

function uuid7(at: number, ...about: readonly string[]): string {
  const time = Math.max(0, Math.trunc(at)).toString(16).padStart(12, '0').slice(-12);
  const hash = createHash('sha256').update(JSON.stringify(about)).digest('hex');
  const variant = ((Number.parseInt(hash[3]!, 16) & 0x3) | 0x8).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${hash.slice(0, 3)}`,
    variant + hash.slice(4, 7),
    hash.slice(7, 19),
  ].join('-');
}
