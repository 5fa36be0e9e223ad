import * as path from 'node:path';
import fc from 'fast-check';
import { createSqliteRunHistory, type SqliteRunHistory } from '../../../../src/adapters/sqlite';
import type { LineageRecord } from '../../../../src/ports';
import { sampleLineage } from '../../../../src/testing/sample-records';
import { removeFolder, temporaryFolder } from '../../../conformance/temporary-folder';

let folder: string;
let history: SqliteRunHistory;

beforeAll(async () => {
  folder = await temporaryFolder();
  history = await createSqliteRunHistory({ path: path.join(folder, 'selvage.db') });
});

afterAll(async () => {
  await history.close();
  await removeFolder(folder);
});

let runs = 0;

/** Records of which most are alike in all but what the elements of a map differ in, some are not, and some come twice. */
const commits = fc
  .array(
    fc.record({
      knot: fc.nat({ max: 120 }),
      odd: fc.oneof(
        { weight: 40, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.constant({ worker: 'another' }) },
        { weight: 1, arbitrary: fc.constant({ attempt: 2 }) },
        { weight: 1, arbitrary: fc.constant({ extra: { length: 3 } }) },
        {
          weight: 1,
          arbitrary: fc.constant({ outcome: 'err' as const, output_hash: null, output_size: null }),
        },
      ),
      at: fc.nat(),
    }),
    { maxLength: 150 },
  )
  .map((drawn) => {
    runs += 1;
    const temporal_run_id = `temporal-${runs}`;
    return drawn.map(({ knot, odd, at }): LineageRecord =>
      sampleLineage({
        temporal_run_id,
        knot_id: `mapped[${knot}]`,
        parent_input_hashes: { x: `sha256:${String(knot).padStart(64, '0')}` },
        finished_at: at,
        ...odd,
      }),
    );
  });

test('records that are alike, and records that are not, are stored as they are; of two with one key the first', async () => {
  await fc.assert(
    fc.asyncProperty(commits, fc.nat({ max: 150 }), async (records, before) => {
      await history.commit(records.slice(0, before));
      const answers = await history.commit(records);

      const first = new Map<string, LineageRecord>();
      for (const record of records) if (!first.has(record.knot_id)) first.set(record.knot_id, record);
      const taken = new Set(records.slice(0, before).map((record) => record.knot_id));
      const expected = records.map((record) => {
        const inserted = !taken.has(record.knot_id);
        taken.add(record.knot_id);
        return { inserted, record: first.get(record.knot_id) };
      });
      expect(answers).toEqual(expected);
      if (records.length === 0) return;
      const stored = await history.getRecords(records[0]!.temporal_run_id);
      const byKnot = (a: LineageRecord, b: LineageRecord): number => (a.knot_id < b.knot_id ? -1 : 1);
      expect(stored.sort(byKnot)).toEqual([...first.values()].sort(byKnot));
    }),
    { numRuns: 60 },
  );
});
