import path from 'node:path';
import { GroupCommit, nodeSha256, openBackends } from 'selvage/backends';
import type { Commit, DataStore } from '../../src/ports';
import { atLeast, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import {
  freshDurablePostgres,
  freshFolder,
  freshPostgres,
  freshS3,
  freshSqlite,
  freshValkey,
} from './places';
import { freshRecords } from './records';
import { onServices, type ServicePart } from './services';

const VALUES = 4_000;
/** Bodies; a worker has up to 1,000 at once by default. */
const AT_ONCE = 100;
const VALUES_A_SECOND = 2_000;

interface Store {
  readonly name: string;
  readonly target?: number;
  place: ServicePart['place'];
}

const STORES: readonly Store[] = [
  {
    name: 'local disk',
    target: VALUES_A_SECOND,
    place: () => freshFolder((folder) => `file:${path.join(folder, 'values')}`),
  },
  { name: 'Valkey', target: VALUES_A_SECOND, place: freshValkey },
  { name: 'Postgres', target: VALUES_A_SECOND, place: freshPostgres },
  { name: 'Postgres, waiting for the disk (fsync on)', place: freshDurablePostgres },
  { name: 'SQLite', place: freshSqlite },
  { name: 'S3', place: freshS3 },
];

/**
 * Values of 200 bytes, no two alike, as a worker puts them: 100 bodies at once hand theirs to the group commit and go on when it is
 * safe; the group commit puts all that have come meanwhile together, one batch at a time.
 */
export const smallValues = onServices(
  'small values',
  STORES.map(({ name, target, place }) => ({
    name: `small values put, ${name}`,
    place,
    run: (url, options) => measure(name, target, url, options),
  })),
);

async function measure(
  name: string,
  target: number | undefined,
  url: string,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const { dataStore, close } = await openBackends({ environment: {}, url: 'memory:', data: url });
  try {
    const times: number[] = [];
    for (let repetition = -1; repetition < repetitions; repetition++) {
      const commits = freshCommits(VALUES);
      const time = await timed(() => commitAll(dataStore, commits));
      if (repetition >= 0) times.push(time);
    }
    const speed = (VALUES * 1_000) / median(times);
    const row = `small values put, ${name}`;
    if (target !== undefined) return [atLeast(row, speed, target, 'values/s', { times })];
    return [{ measure: row, measured: `${readable(speed)} values/s`, numbers: { value: speed, times } }];
  } finally {
    await close();
  }
}

async function commitAll(dataStore: DataStore, commits: readonly Commit[]): Promise<void> {
  const group = new GroupCommit({
    commit: async (batch) => {
      await dataStore.put(batch.flatMap(({ values }) => values));
      return batch.map(({ record }) => ({ inserted: true, record }));
    },
  });
  let next = 0;
  const body = async (): Promise<void> => {
    while (next < commits.length) await group.commit(commits[next++]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, body));
}

function freshCommits(count: number): Commit[] {
  return freshRecords(count).map((record) => {
    const bytes = Buffer.from(JSON.stringify({ made: record.output_hash, rest: 'x'.repeat(110) }));
    return { record, values: [{ hash: `sha256:${nodeSha256(bytes)}`, bytes }] };
  });
}
