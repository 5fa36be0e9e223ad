import {
  bytesToRead,
  encodedOfStored,
  endOfRecord,
  madeIn,
  partOfStored,
  readAllStored,
  streamOf,
  type MapComposer,
} from '../runtime';
import { partOf } from '../values';
import type { RecordedOutcome } from '../ports';
import type { Uses } from './worker-parts';

const AT_A_TIME = 500;

/** Composes elements' values from their records. Returns unrecorded elements. Errors as for {@link readAllStored}. */
export async function composeRecorded(
  environment: Uses<'backends' | 'recentValues'>,
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
  environment: Uses<'backends' | 'recentValues'>,
  temporalRunId: string,
  positions: readonly number[],
  ids: readonly string[],
  composer: MapComposer,
): Promise<number[]> {
  const { runHistory } = environment.backends;
  const records = new Map(
    (await runHistory.getOutcomes(temporalRunId, ids)).map((record) => [record.knot_id, record]),
  );
  const ok = [...records.values()].filter(({ outcome }) => outcome === 'ok');
  const bytes = await readAllStored(environment, bytesToRead(ok));
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

function partOfRecord(record: RecordedOutcome, values: ReadonlyMap<string, Uint8Array>): string {
  const hash = record.output_hash!;
  const stored = streamOf(record);
  if (stored !== undefined) return partOfStored({ hash, size: record.output_size!, stored });
  return partOf(encodedOfStored(hash, values.get(hash)!));
}
