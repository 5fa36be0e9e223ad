import * as assert from 'node:assert/strict';
import type { DataStore, StoredValue } from '../ports';
import { gathered } from '../ports/parts/pieces';
import { IDENTITY_TESTS, suite, TECHNOLOGY_TESTS, type Subject } from './conformance';
import { allPages } from './pages';
import { sampleHash, sampleValue } from './sample-records';
import { MEBIBYTE, inPieces, patterned, rawValue, sampleTable, sha256, streamed } from './sample-values';
import { TROUBLE_TESTS } from './store-trouble-tests';

export interface DataStoreSubject extends Subject<DataStore> {
  /** Changes the stored bytes of this value behind the adapter's back, as a failing disk would. */
  damage?(hash: string): Promise<void>;
  /** Makes the last put of this value this many milliseconds older, behind the adapter's back. */
  age?(hash: string, by: number): Promise<void>;
}

const HOUR_MS = 60 * 60 * 1000;
const CLOCK_DIFFERENCE_MS = 60_000;

/** Registers the tests that every {@link DataStore} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeDataStore = suite<DataStore, DataStoreSubject>('data store', {
  ...TECHNOLOGY_TESTS,

  async 'answers the bytes that were put'({ adapter }) {
    const texts = ['', 'null', '"ünïcode 😀"', '\u0000', 'x'.repeat(5_000)];
    await adapter.put(texts.map(sampleValue));
    for (const text of texts) {
      const bytes = await adapter.get(sampleHash(text));
      assert.ok(bytes instanceof Uint8Array || ArrayBuffer.isView(bytes));
      assert.equal(Buffer.from(bytes).toString(), text);
    }
  },

  async 'keeps raw bytes apart from text with the same digest'({ adapter }) {
    const text = sampleValue('same');
    await adapter.put([{ ...text, hash: `bytes-${text.hash}`, mediaType: 'text/plain' }]);
    assert.equal(await adapter.get(text.hash), undefined);
    assert.equal(await adapter.has(`bytes-${text.hash}`), true);
  },

  async 'knows nothing of an unknown hash'({ adapter }) {
    for (const hash of [sampleHash('nothing'), 'not a hash', 'sha256:../../etc/passwd', '']) {
      assert.equal(await adapter.get(hash), undefined);
      assert.equal(await adapter.getStream(hash), undefined);
      assert.equal(await adapter.has(hash), false);
      assert.equal((await adapter.getMany([hash])).size, 0);
      assert.equal((await adapter.hasMany([hash])).size, 0);
      await adapter.delete(hash);
    }
  },

  async 'refuses to store under what is not a content hash'({ adapter }) {
    for (const hash of ['', 'x', 'sha256:12', `sha512:${'0'.repeat(64)}`, `sha256:${'../'.repeat(21)}x`]) {
      await assert.rejects(() => adapter.put([{ hash, bytes: new Uint8Array(1) }]), { code: 'ValueDamaged' });
    }
  },

  async 'takes a value that is there, and one value twice in a batch'({ adapter }) {
    const value = sampleValue('twice');
    await adapter.put([value, value]);
    await adapter.put([value]);
    assert.deepEqual(Buffer.from((await adapter.get(value.hash)) ?? []), Buffer.from(value.bytes));
  },

  async 'takes an empty batch'({ adapter }) {
    await adapter.put([]);
    assert.equal((await adapter.getMany([])).size, 0);
    assert.equal((await adapter.hasMany([])).size, 0);
  },

  async 'answers several at once and tells which are there, large ones too'({ adapter }) {
    const values = Array.from({ length: 300 }, (_, index) => sampleValue(`value ${index}`));
    const large = rawValue(patterned(5 * MEBIBYTE));
    values.push(large);
    await adapter.put(values);
    const hashes = values.map((value) => value.hash);
    const asked = [...hashes, sampleHash('nothing'), 'not a hash', hashes[0] as string];
    const found = await adapter.getMany(asked);
    assert.equal(found.size, values.length);
    for (const value of values) assert.ok(Buffer.from(value.bytes).equals(found.get(value.hash)!));
    assert.deepEqual([...(await adapter.hasMany(asked))].sort(), [...hashes].sort());
    await adapter.delete(large.hash);
    assert.equal((await adapter.hasMany([large.hash])).size, 0);
  },

  async 'keeps the first manifest of a table, small or large'({ adapter }) {
    const writers: readonly (readonly [string, string])[] = [
      ['one', 'other'],
      ['x'.repeat(5 * MEBIBYTE), 'small'],
      ['small', 'x'.repeat(5 * MEBIBYTE)],
    ];
    for (const [rows, [blocks, other]] of writers.entries()) {
      const [first, second] = [sampleTable(blocks, rows), sampleTable(other, rows)];
      assert.equal(first.hash, second.hash);
      for (const value of [first, second, first]) {
        await adapter.put([value, sampleValue('beside it')]);
        assert.ok(Buffer.from((await adapter.get(first.hash))!).equals(first.bytes));
      }
      assert.deepEqual(await adapter.keep([first.hash]), new Set([first.hash]));
      assert.ok((await streamed(adapter, first.hash)).length === first.bytes.byteLength);
    }
    assert.equal((await adapter.list()).items.length, writers.length + 1);
  },

  async 'keeps every value of 50 concurrent writers'({ adapter }) {
    await Promise.all(
      Array.from({ length: 50 }, (_, writer) =>
        adapter.put([sampleValue('shared'), sampleValue(`writer ${writer}`)]),
      ),
    );
    const hashes = ['shared', ...Array.from({ length: 50 }, (_, writer) => `writer ${writer}`)].map(
      sampleHash,
    );
    assert.equal((await adapter.getMany(hashes)).size, 51);
  },

  async 'keeps a large value whole'({ adapter }) {
    const bytes = patterned(5 * MEBIBYTE + 3);
    const hash = `bytes-sha256:${sha256(bytes)}`;
    await adapter.put([{ hash, bytes }, sampleValue('small beside it')]);
    assert.equal(sha256((await adapter.get(hash)) as Uint8Array), sha256(bytes));
    assert.equal(await adapter.has(sampleHash('small beside it')), true);
    assert.equal(sha256(await streamed(adapter, hash)), sha256(bytes));
  },

  async 'stores a stream under the hash that sha256sum gives'({ adapter }) {
    const bytes = patterned(3 * MEBIBYTE + 17);
    const answer = await adapter.putStream(inPieces(bytes, 70_001), {
      mediaType: 'application/octet-stream',
    });
    assert.deepEqual(answer, { hash: `bytes-sha256:${sha256(bytes)}`, size: bytes.byteLength });
    assert.equal(sha256((await adapter.get(answer.hash)) as Uint8Array), sha256(bytes));
    assert.equal(sha256(await streamed(adapter, answer.hash)), sha256(bytes));
  },

  async 'reads parts of a value, if it reads parts'({ adapter }) {
    const bytes = patterned(9 * MEBIBYTE);
    const { hash } = await adapter.putStream(inPieces(bytes, MEBIBYTE));
    for (const [start, end] of [
      [0, 4],
      [5 * MEBIBYTE - 1, 5 * MEBIBYTE + 70_000],
      [bytes.byteLength - 8, bytes.byteLength + 100],
    ] as const) {
      const part = await adapter.getRange?.(hash, start, end);
      if (part !== undefined) assert.equal(sha256(part), sha256(bytes.subarray(start, end)));
    }
    assert.equal(await adapter.getRange?.(sampleHash('not there'), 0, 4), undefined);
  },

  async 'stores an empty stream, and a stream that is there'({ adapter }) {
    const empty = await adapter.putStream(inPieces(new Uint8Array(), 1));
    assert.deepEqual(empty, { hash: `bytes-sha256:${sha256(new Uint8Array())}`, size: 0 });
    assert.deepEqual(await adapter.putStream(inPieces(new Uint8Array(), 1)), empty);
    assert.equal((await adapter.get(empty.hash))?.byteLength, 0);
  },

  async 'stores nothing of a stream that fails'({ adapter }) {
    const bytes = patterned(2 * MEBIBYTE);
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('the source broke');
    };
    await assert.rejects(() => adapter.putStream(failing()), /the source broke/);
    assert.equal(await adapter.has(`bytes-sha256:${sha256(bytes)}`), false);
  },

  async 'lets a reader leave a stream before its end'({ adapter }) {
    const { hash } = await adapter.putStream(inPieces(patterned(3 * MEBIBYTE), MEBIBYTE));
    const reader = ((await adapter.getStream(hash)) as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await reader.next();
    assert.ok(first.done !== true && first.value.byteLength > 0);
    await reader.return?.();
    assert.equal((await adapter.get(hash))?.byteLength, 3 * MEBIBYTE);
  },

  async 'deletes a value, small or large, and takes it again'({ adapter }) {
    const small = sampleValue('small');
    const large = rawValue(patterned(5 * MEBIBYTE));
    for (const value of [small, large]) {
      await adapter.put([value]);
      await adapter.delete(value.hash);
      assert.equal(await adapter.has(value.hash), false);
      assert.equal(await adapter.get(value.hash), undefined);
      await adapter.put([value]);
      assert.equal(await adapter.has(value.hash), true);
    }
  },

  async 'lists what is there, each once, with size and time of the last put'({ adapter }) {
    const before = Date.now() - CLOCK_DIFFERENCE_MS;
    const values = Array.from({ length: 25 }, (_, index) => sampleValue('x'.repeat(index)));
    const raw = { ...values[3]!, hash: `bytes-${values[3]!.hash}` };
    await adapter.put([...values, raw]);
    const listed = await allPages(4, (page) => adapter.list(page));
    assert.deepEqual(
      listed.map(({ hash, size }) => [hash, size]).sort(),
      [...values, raw].map(({ hash, bytes }) => [hash, bytes.byteLength]).sort(),
    );
    for (const { lastPutAt } of listed)
      assert.ok(lastPutAt >= before && lastPutAt <= Date.now() + CLOCK_DIFFERENCE_MS, String(lastPutAt));
    for (const limit of [0, 1_001, 1.5])
      await assert.rejects(() => adapter.list({ limit }), { code: 'InvalidQuery' });
    await assert.rejects(() => adapter.list({ cursor: 'no cursor' }), { code: 'InvalidQuery' });
  },

  async 'lists large values and streams with their whole size'({ adapter }) {
    const { hash } = await adapter.putStream(inPieces(patterned(5 * MEBIBYTE + 3), MEBIBYTE));
    const { items } = await adapter.list();
    assert.deepEqual(
      items.map((entry) => [entry.hash, entry.size]),
      [[hash, 5 * MEBIBYTE + 3]],
    );
  },

  async 'deletes what was last put before a time, and answers which'({ adapter }) {
    const old = sampleValue('old');
    const { hash: large } = await adapter.putStream(inPieces(patterned(5 * MEBIBYTE), MEBIBYTE));
    await adapter.put([old]);
    const hashes = [old.hash, large, sampleHash('nothing')];
    assert.deepEqual(await adapter.deleteUnlessPutSince(hashes, Date.now() - 2 * HOUR_MS), []);
    assert.deepEqual(await adapter.hasMany(hashes), new Set([old.hash, large]));
    const deleted = await adapter.deleteUnlessPutSince(hashes, Date.now() + 2 * HOUR_MS);
    assert.deepEqual([...deleted].sort(), [old.hash, large].sort());
    assert.equal((await adapter.hasMany(hashes)).size, 0);
    assert.equal(await adapter.get(large), undefined);
    assert.deepEqual(await adapter.deleteUnlessPutSince([], Date.now()), []);
    await adapter.put([old]);
    assert.equal(await adapter.has(old.hash), true);
  },

  async 'keeps what is there, and answers which that is'({ adapter }) {
    const value = sampleValue('kept');
    await adapter.put([value]);
    assert.deepEqual(await adapter.keep([value.hash, sampleHash('nothing')]), new Set([value.hash]));
    assert.equal((await adapter.keep([])).size, 0);
  },

  async 'takes a put, and a keep, of what is there for its last put'({ adapter, subject }) {
    const age = subject.age?.bind(subject);
    if (age === undefined) throw new Error('Give `age`, or skip this test with a reason.');
    const values = ['put again', 'kept', 'left alone'].map(sampleValue);
    const hashes = values.map(({ hash }) => hash);
    await adapter.put(values);
    for (const hash of hashes) await age(hash, 5 * HOUR_MS);
    await adapter.put([values[0]!]);
    await adapter.keep([hashes[1]!]);
    assert.deepEqual(await adapter.deleteUnlessPutSince(hashes, Date.now() - 2 * HOUR_MS), [hashes[2]]);
    assert.deepEqual(await adapter.hasMany(hashes), new Set(hashes.slice(0, 2)));
  },

  ...IDENTITY_TESTS,

  async 'says ValueDamaged of bytes that were changed'({ adapter, subject }) {
    const damage = subject.damage?.bind(subject);
    if (damage === undefined) throw new Error('Give `damage`, or skip this test with a reason.');
    const values = [
      sampleValue('to be damaged'),
      rawValue(patterned(5 * MEBIBYTE)),
      sampleTable('to be damaged'),
    ];
    await adapter.put(values);
    for (const { hash } of values) {
      await damage(hash);
      await assert.rejects(() => adapter.get(hash), { code: 'ValueDamaged' });
      await assert.rejects(() => adapter.getMany([hash]), { code: 'ValueDamaged' });
      const stream = (await adapter.getStream(hash))!;
      await assert.rejects(() => gathered(stream), { code: 'ValueDamaged' });
    }
  },

  async 'counts what is damaged as absent where it is kept, and a put makes it whole'({ adapter, subject }) {
    const damage = subject.damage?.bind(subject);
    if (damage === undefined) throw new Error('Give `damage`, or skip this test with a reason.');
    const large = patterned(5 * MEBIBYTE);
    const values = [
      sampleValue('damaged and put again'),
      { hash: `bytes-sha256:${sha256(large)}`, bytes: large },
      sampleTable('damaged and put again'),
    ];
    const streamed = patterned(2 * MEBIBYTE);
    const { hash: stream } = await adapter.putStream(inPieces(streamed, MEBIBYTE));
    await adapter.put(values.map((value) => ({ ...value, bytes: Uint8Array.from(value.bytes) })));
    await adapter.put([sampleValue('sound')]);
    const again: [StoredValue, () => Promise<unknown>][] = [
      ...values.map((value): [StoredValue, () => Promise<unknown>] => [value, () => adapter.put([value])]),
      [{ hash: stream, bytes: streamed }, () => adapter.putStream(inPieces(streamed, MEBIBYTE))],
      [{ hash: stream, bytes: streamed }, () => adapter.put([{ hash: stream, bytes: streamed }])],
    ];
    for (const [{ hash, bytes }, put] of again) {
      await damage(hash);
      assert.deepEqual(await adapter.keep([hash, sampleHash('sound')]), new Set([sampleHash('sound')]), hash);
      await put();
      assert.deepEqual(await adapter.keep([hash]), new Set([hash]));
      assert.ok(Buffer.from((await adapter.get(hash))!).equals(bytes));
    }
    assert.equal((await allPages(10, (page) => adapter.list(page))).length, values.length + 2);
  },

  async 'keeps under its name what was sealed before it came, unchecked'({ adapter }) {
    const [small, stream, damaged] = ['a', 'b', 'c'].map((digit) => `sealed:${digit.repeat(96)}`) as [
      string,
      string,
      string,
    ];
    const bytes = patterned(2 * MEBIBYTE);
    await adapter.put([{ hash: small, bytes: Buffer.from('not what its name is the hash of') }]);
    const answer = await adapter.putStream(inPieces(bytes, MEBIBYTE), { nameAtEnd: () => stream });
    assert.deepEqual(answer, { hash: stream, size: bytes.byteLength });
    const found = await adapter.getMany([small, stream, damaged]);
    assert.deepEqual([...found.keys()].sort(), [small, stream]);
    assert.equal(Buffer.from(found.get(small)!).toString(), 'not what its name is the hash of');
    assert.equal(sha256(await streamed(adapter, stream)), sha256(bytes));
    const listed = await allPages(1, (page) => adapter.list(page));
    assert.deepEqual(listed.map(({ hash, size }) => [hash, size]).sort(), [
      [small, 32],
      [stream, bytes.byteLength],
    ]);
    assert.deepEqual(await adapter.keep([small]), new Set([small]));
    await adapter.delete(small);
    const until = Date.now() + 2 * HOUR_MS;
    assert.deepEqual(await adapter.deleteUnlessPutSince([small, stream], until), [stream]);
    assert.equal((await adapter.hasMany([small, stream])).size, 0);
  },

  async 'shows what another adapter put'({ adapter, another }) {
    const value = sampleValue('shared');
    await adapter.put([value]);
    assert.deepEqual(Buffer.from((await (await another()).get(value.hash)) ?? []), Buffer.from(value.bytes));
  },

  ...TROUBLE_TESTS,
});
