import { madeIn, partOfStored, valueMissing, type MapComposer, endOfRecord } from '../runtime';
import { partOf } from '../values';
import type { RecordedOutcome } from '../ports';
import type { WorkerEnvironment } from './worker-environment';

/** Elements whose records, and then values, are read at a time. */
const AT_A_TIME = 500;

/**
 * Adds the recorded outcomes of these elements to the composer. Returns the elements that have no record.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function composeRecorded(
  environment: WorkerEnvironment,
  temporalRunId: string,
  idAt: (position: number) => string,
  positions: readonly number[],
  composer: MapComposer,
): Promise<number[]> {
  const open: number[] = [];
  for (let first = 0; first < positions.length; first += AT_A_TIME) {
    const some = positions.slice(first, first + AT_A_TIME);
    open.push(...(await composeSome(environment, temporalRunId, some, some.map(idAt), composer)));
  }
  return open;
}

async function composeSome(
  environment: WorkerEnvironment,
  temporalRunId: string,
  positions: readonly number[],
  ids: readonly string[],
  composer: MapComposer,
): Promise<number[]> {
  const { runHistory } = environment.backends;
  const records = new Map(
    (await runHistory.getOutcomes(temporalRunId, ids)).map((record) => [record.knot_id, record]),
  );
  const bytes = await valuesOf(environment, [...records.values()]);
  const open: number[] = [];
  for (const [index, position] of positions.entries()) {
    const record = records.get(ids[index]!);
    const end = record && endOfRecord(record);
    if (!end) open.push(position);
    else if (end.kind === 'err') composer.err(position, end.error);
    else composer.ok(position, partOfRecord(record, bytes), madeIn(record));
  }
  return open;
}

/** Returns values by hash; stored streams are not read. */
async function valuesOf(
  { backends, recentValues }: WorkerEnvironment,
  records: readonly RecordedOutcome[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const unknown = new Set<string>();
  for (const record of records) {
    if (record.outcome !== 'ok' || storedOf(record) !== undefined) continue;
    const recent = recentValues.get(record.output_hash!);
    if (recent) found.set(record.output_hash!, recent);
    else unknown.add(record.output_hash!);
  }
  if (unknown.size === 0) return found;
  for (const [hash, bytes] of await backends.dataStore.getMany([...unknown])) found.set(hash, bytes);
  return found;
}

function partOfRecord(record: RecordedOutcome, values: ReadonlyMap<string, Uint8Array>): string {
  const hash = record.output_hash!;
  const stored = storedOf(record);
  if (stored !== undefined) return partOfStored({ hash, size: record.output_size!, stored });
  const bytes = values.get(hash);
  if (!bytes) throw valueMissing(hash, record.knot_id);
  return hash.startsWith('bytes-') ? partOf({ kind: 'bytes', bytes }) : textOfBytes(bytes);
}

function storedOf(record: RecordedOutcome): string | undefined {
  return (record.extra as { stored?: string }).stored;
}

function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
