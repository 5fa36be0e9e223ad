import path from 'node:path';
import { createPostgresRunHistory } from 'selvage/postgres';
import { createSqliteRunHistory, type SqliteRunHistory } from 'selvage/sqlite';
import type { LineageRecord } from '../../src/ports';
import { atLeast, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import { BarePostgres } from './bare-postgres';
import { BareSqlite } from './bare-sqlite';
import { freshDurablePostgres, freshFolder, freshPostgres } from './places';
import { freshRecords } from './records';
import { onServices, type ServicePart } from './services';

const BATCH = 8;
/** One after the other, as the group commit of a worker sends them. */
const BATCHES = 400;
const RATIO = 0.8;
const RECORDS_A_SECOND = 5_000;

interface Side {
  commit(records: readonly LineageRecord[]): Promise<unknown>;
  /** What is left to do behind the commits, and falls due later. Not measured. */
  settle?(): Promise<unknown>;
  close(): Promise<void>;
}

interface Sides {
  readonly ours: Side;
  readonly bare: Side;
}

interface Contest {
  readonly name: string;
  /** It is measured how many records a second there are; without, only against the bare driver. */
  readonly isSpeedAsked: boolean;
  place: ServicePart['place'];
  open(url: string): Promise<Sides>;
}

/** Lineage records in batches of 8, against the bare driver writing the same rows in the same batches, one after the other. */
export const lineageCommits = onServices(
  'lineage commits',
  (
    [
      {
        name: 'SQLite',
        isSpeedAsked: true,
        place: () => freshFolder((folder) => folder),
        open: (folder) => onSqlite(folder, false),
      },
      {
        name: 'SQLite, waiting for the disk (durable)',
        isSpeedAsked: false,
        place: () => freshFolder((folder) => folder),
        open: (folder) => onSqlite(folder, true),
      },
      { name: 'Postgres', isSpeedAsked: true, place: freshPostgres, open: onPostgres },
      {
        name: 'Postgres, waiting for the disk (fsync on)',
        isSpeedAsked: false,
        place: freshDurablePostgres,
        open: onPostgres,
      },
    ] satisfies Contest[]
  ).map((contest) => ({
    name: `lineage commits in batches of ${BATCH}, ${contest.name}`,
    place: contest.place,
    run: (url, options) => hold(contest, url, options),
  })),
);

/** The index of lineage falls due behind the commits. On both sides another connection brings it up to date, between the turns. */
async function onSqlite(folder: string, durable: boolean): Promise<Sides> {
  const files = { ours: path.join(folder, 'ours.db'), bare: path.join(folder, 'bare.db') };
  const open = (file: string): Promise<SqliteRunHistory> => createSqliteRunHistory({ path: file, durable });
  const settling = { ours: await open(files.ours), bare: await open(files.bare) };
  const withSettling = (name: keyof Sides, side: Side): Side => ({
    commit: (records) => side.commit(records),
    settle: () => settling[name].findLineage({ knotId: 'none' }),
    close: async () => {
      await side.close();
      await settling[name].close();
    },
  });
  return {
    ours: withSettling('ours', await open(files.ours)),
    bare: withSettling('bare', new BareSqlite(files.bare, { durable })),
  };
}

async function onPostgres(url: string): Promise<Sides> {
  const ours = await createPostgresRunHistory({ url });
  return { ours, bare: new BarePostgres(url) };
}

async function hold(
  { name, open, isSpeedAsked }: Contest,
  url: string,
  options: BenchmarkOptions,
): Promise<Row[]> {
  const sides = await open(url);
  try {
    const { ours, bare } = await takeTurns(sides, options.repetitions);
    const measure = `lineage commits in batches of ${BATCH}, ${name}`;
    const speed = (BATCH * BATCHES * 1_000) / median(ours);
    const bareSpeed = (BATCH * BATCHES * 1_000) / median(bare);
    const numbers = { ours, bare, records: BATCH * BATCHES };
    return [
      atLeast(`${measure}: against the bare driver`, speed / bareSpeed, RATIO, 'x', numbers),
      isSpeedAsked
        ? atLeast(
            `${measure}: speed`,
            speed,
            RECORDS_A_SECOND,
            'records/s',
            {},
            `bare ${readable(bareSpeed)}`,
          )
        : {
            measure: `${measure}: speed`,
            measured: `${readable(speed)} records/s (bare ${readable(bareSpeed)})`,
            numbers: { value: speed },
          },
    ];
  } finally {
    await sides.ours.close();
    await sides.bare.close();
  }
}

/** Milliseconds of each side's turns, after one of each to warm up; they take turns at being first. */
async function takeTurns(sides: Sides, repetitions: number): Promise<Record<keyof Sides, readonly number[]>> {
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let repetition = -1; repetition < repetitions; repetition++) {
    for (const side of repetition % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
      const time = await turn(sides[side]);
      if (repetition >= 0) times[side].push(time);
    }
  }
  return times;
}

async function turn(side: Side): Promise<number> {
  const batches = Array.from({ length: BATCHES }, () => freshRecords(BATCH));
  const time = await timed(async () => {
    for (const records of batches) await side.commit(records);
  });
  await side.settle?.();
  return time;
}
