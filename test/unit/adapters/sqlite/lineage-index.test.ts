import * as path from 'node:path';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import type { RunHistory } from '../../../../src/ports';
import { sampleHash, sampleLineage } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';

const folder = folderForEach();
const file = () => path.join(folder(), 'lineage.db');
const opened: RunHistory[] = [];

afterEach(async () => {
  for (const history of opened.splice(0)) await history.close();
});

async function open(): Promise<RunHistory> {
  const history = await createSqliteRunHistory({ path: file() });
  opened.push(history);
  return history;
}

const records = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, n) =>
    sampleLineage({
      knot_id: `${prefix}-${n}`,
      definition: prefix,
      parent_input_hashes: { x: sampleHash(prefix) },
    }),
  );

async function countOf(history: RunHistory, definition: string): Promise<number[]> {
  const byClass = await history.findLineage({ definition, limit: 1_000 });
  const byInput = await history.findLineage({ inputHash: sampleHash(definition), limit: 1_000 });
  return [byClass.items.length, byInput.items.length];
}

test('a listing has every record that was committed before it, whoever did', async () => {
  const [writer, other] = [await open(), await open()];
  await writer.commit(records(600, 'many'));
  expect(await countOf(other, 'many')).toEqual([600, 600]);
  await other.commit(records(10, 'more'));
  await writer.commit(records(3, 'few'));
  expect(await countOf(writer, 'more')).toEqual([10, 10]);
  expect(await countOf(other, 'few')).toEqual([3, 3]);
  await writer.commit(records(20, 'more'));
  expect(await countOf(other, 'more')).toEqual([20, 20]);
});

test('two that bring the index up to date at once come to the same, and to the end', async () => {
  const [writer, other] = [await open(), await open()];
  await writer.commit(records(2_000, 'many'));
  const counts = await Promise.all([writer, other, other].map((history) => countOf(history, 'many')));
  expect(counts).toEqual(Array.from({ length: 3 }, () => [1_000, 1_000]));
  expect(await other.findHashes(sampleHash('many').slice(0, 20), 10)).toEqual([sampleHash('many')]);
});
