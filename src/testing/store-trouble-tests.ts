import * as assert from 'node:assert/strict';
import type { DataStore } from '../ports';
import type { ConformanceTests } from './conformance';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { sampleHash, sampleValue } from './sample-records';
import { MEBIBYTE, inPieces, patterned, rawValue, sampleTable, sha256 } from './sample-values';
import { withDoneButFailed } from './troubled';

const HOUR_MS = 60 * 60 * 1000;

/** Two adapters at once, answers that are lost, connections that break. */
export const TROUBLE_TESTS: ConformanceTests<DataStore> = {
  async 'keeps one of each value that two adapters put at once'({ adapter, another }) {
    const other = await another();
    const names = Array.from({ length: 25 }, (_, index) => `raced ${index}`);
    const bytes = patterned(5 * MEBIBYTE);
    const large = rawValue(bytes);
    // The same values are put in opposite orders, and in batches of different sizes.
    await Promise.all([
      adapter.put([...names.map(sampleValue), large]),
      other.put(names.toReversed().map(sampleValue)),
      ...names.map((name) => other.put([sampleValue(name), sampleValue('in each')])),
      ...names.map((name) => adapter.put([sampleValue('in each'), sampleValue(name)])),
      other.putStream(inPieces(bytes, MEBIBYTE)),
      adapter.put([sampleTable('of one')]),
      other.put([sampleTable('of the other')]),
    ]);
    const table = sampleTable('of either').hash;
    const expected = [...names.map(sampleHash), sampleHash('in each'), large.hash, table];
    const listed = await allPages(10, (page) => adapter.list(page));
    assert.deepEqual(listed.map(({ hash }) => hash).sort(), expected.sort());
    const found = await other.getMany(expected);
    assert.equal(found.size, expected.length);
    assert.deepEqual(Buffer.from((await adapter.get(table))!), Buffer.from(found.get(table)!));
  },

  async 'takes again what was put by one who was gone before the record of it'({ adapter, another }) {
    const value = sampleValue('without a record');
    const gone = await another();
    await gone.put([value]);
    await gone.close();
    await adapter.put([value, sampleValue('of the next attempt')]);
    assert.deepEqual(await adapter.keep([value.hash]), new Set([value.hash]));
    assert.equal((await adapter.list()).items.length, 2);
  },

  async 'takes again what was done but answered with an error'({ adapter }) {
    const shaky = withDoneButFailed(adapter, everyOther());
    const value = sampleValue('put twice');
    const bytes = patterned(2 * MEBIBYTE);
    await assert.rejects(() => shaky.put([value]), { code: 'BackendUnavailable' });
    assert.equal(await adapter.has(value.hash), true);
    await shaky.put([value]);
    const { hash } = await retried(() => shaky.putStream(inPieces(bytes, 100_000)));
    await retried(() => shaky.keep([value.hash]));
    const listed = (await adapter.list()).items.map((entry) => entry.hash);
    assert.deepEqual(listed.sort(), [hash, value.hash].sort());
    await retried(() => shaky.delete(value.hash));
    await retried(() => shaky.deleteUnlessPutSince([hash], Date.now() + 2 * HOUR_MS));
    assert.deepEqual((await adapter.list()).items, []);
  },

  async 'loses nothing when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    const names = Array.from({ length: 40 }, (_, index) => `across the break ${index}`);
    const bytes = patterned(6 * MEBIBYTE);
    await adapter.put([sampleValue('before')]);
    const puts = names.map((name) => retried(() => adapter.put([sampleValue(name)])));
    const stream = retried(() => adapter.putStream(inPieces(bytes, 100_000)));
    await cutConnections();
    await Promise.all([...puts, stream]);
    const hashes = ['before', ...names].map(sampleHash);
    const found = await retried(() => adapter.getMany(hashes));
    assert.equal(found.size, hashes.length);
    await cutConnections();
    const { hash } = await stream;
    assert.equal(sha256((await retried(() => adapter.get(hash))) as Uint8Array), sha256(bytes));
    const listed = await retried(() => allPages(10, (page) => adapter.list(page)));
    assert.equal(listed.length, hashes.length + 1);
  },
};
