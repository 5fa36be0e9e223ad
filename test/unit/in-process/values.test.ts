import { createHash } from 'node:crypto';
import { z } from 'zod';
import { contentHash as hashOfEncoded, encodeValue } from '../../../src/values';
import { createInMemoryBackends } from '../../../src/backends';
import { StoredBytes, contentHash, knot, runLocally, tapestry } from '../../../src';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hashOf = (value: unknown): string => hashOfEncoded(encodeValue(value));

interface Basket {
  fruits: string[];
  weights: Map<string, number>;
}
const basket = (): Basket => ({ fruits: ['pear'], weights: new Map([['pear', 2]]) });

describe('no body can change what another gets', () => {
  /** Does to its inputs what it can, and answers what they were. */
  const spoil = knot('spoil', ({ one, other }: { one: Basket; other: Basket }) => {
    const before = [structuredClone(one), structuredClone(other), one === other];
    one.fruits.push('worm');
    one.weights.clear();
    return before;
  });
  const fill = knot('fill', () => basket());

  test('not a value of a parent, not even under another name, nor that of the result', async () => {
    const shared = tapestry('shared', () => {
      const filled = fill({}, { id: 'filled' });
      return {
        first: spoil({ one: filled, other: filled }, { id: 'first' }),
        second: spoil({ one: filled, other: filled }, { id: 'second' }),
      };
    });
    const { values, outputs } = await runLocally(shared, {});
    expect(values).toEqual({ first: [basket(), basket(), false], second: [basket(), basket(), false] });
    expect(outputs['filled']).toEqual(basket());
  });

  test('not a constant, in this run or the next', async () => {
    const constants = tapestry('constants', () => ({
      first: spoil({ one: basket(), other: basket() }, { id: 'first' }),
    }));
    for (let run = 0; run < 2; run++) {
      expect((await runLocally(constants, {})).values).toEqual({ first: [basket(), basket(), false] });
    }
  });

  test('not a parameter or its default, and the caller keeps his own', async () => {
    const parameters = tapestry('parameters', (t) => {
      const one = t.parameter('one', z.any());
      const other = t.parameter('other', z.any(), { default: basket() });
      return {
        first: spoil({ one, other }, { id: 'first' }),
        second: spoil({ one: other, other: one }, { id: 'second' }),
      };
    });
    const mine = basket();
    for (let run = 0; run < 2; run++) {
      const { values } = await runLocally(parameters, { one: mine });
      expect(values).toEqual({ first: [basket(), basket(), false], second: [basket(), basket(), false] });
    }
    expect(mine).toEqual(basket());
  });

  test('not bytes, though they are kept as they are, nor by using the same memory for the next result', async () => {
    const memory = new Uint8Array(4);
    const write = knot('write', ({ byte }: { byte: number; after?: unknown }) => memory.fill(byte));
    const wipe = knot('wipe', ({ bytes, same }: { bytes: Uint8Array; same: Uint8Array }) => {
      const before = [...bytes];
      bytes.fill(255);
      return [before, [...same]];
    });
    const bytes = tapestry('bytes', () => {
      const first = write({ byte: 1 }, { id: 'write-1' });
      const second = write({ byte: 2, after: first }, { id: 'write-2' });
      return {
        one: wipe({ bytes: first, same: first }, { id: 'wipe-1' }),
        two: wipe({ bytes: first, same: second }, { id: 'wipe-2' }),
      };
    });
    const { values, outputs } = await runLocally(bytes, {}, { concurrency: 1 });
    expect(values).toEqual({
      one: [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
      two: [
        [1, 1, 1, 1],
        [2, 2, 2, 2],
      ],
    });
    expect(outputs['write-1']).toEqual(new Uint8Array([1, 1, 1, 1]));
  });
});

test('contentHash is the hash that records have of a value', async () => {
  const values = [5, { b: [1n], a: new Date(5) }, new Uint8Array([1, 2])];
  const yields = knot('yields', ({ value }: { value: unknown }) => value);
  const all = tapestry('all', () => values.forEach((value, n) => void yields({ value }, { id: `k${n}` })));
  const { lineage } = await runLocally(all, {});
  expect(lineage.map(({ output_hash }) => output_hash)).toEqual(values.map((value) => contentHash(value)));
  const stored = new StoredBytes({ hash: `bytes-sha256:${'0'.repeat(64)}`, size: 1 });
  expect(contentHash(stored)).toBe(stored.hash);
  expect(() => contentHash(() => 1)).toThrow(expect.objectContaining({ code: 'NotEncodable' }));
});

test('a Blob becomes its bytes', async () => {
  const blob = knot('blob', { output: z.instanceof(Uint8Array) }, () => new Blob(['seattle']) as never);
  const file = knot('file', () => new File(['rain'], 'rain.txt') as unknown);
  const blobs = tapestry('blobs', () => ({ blob: blob({}, { id: 'blob' }), file: file({}, { id: 'file' }) }));
  const { values, lineage } = await runLocally(blobs, {});
  expect(Buffer.from(values.blob!).toString()).toBe('seattle');
  expect(Buffer.from(values.file as Uint8Array).toString()).toBe('rain');
  expect(lineage.find((record) => record.knot_id === 'blob')!.output_hash).toBe(
    `bytes-sha256:${sha256('seattle')}`,
  );
});

describe('bytes that a body stores', () => {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a,b\n');
    yield Buffer.from('1,2\n');
  };
  const save = knot('save', async (_: object, ctx) => await ctx.store(pieces(), { mediaType: 'text/csv' }));
  const inside = knot('inside', async (_: object, ctx) => ({
    rows: 1,
    file: await ctx.store(Buffer.from('x')),
  }));
  const textOf = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
    let text = '';
    for await (const piece of stream) text += Buffer.from(piece).toString();
    return text;
  };
  const load = knot('load', async ({ file }: { file: StoredBytes }, ctx) => ({
    text: await textOf(await ctx.open(file)),
    isReference: StoredBytes.is(file),
    mediaType: file.mediaType,
  }));
  const loadInside = knot(
    'load-inside',
    async ({ found }: { found: { file: StoredBytes } }, ctx) => await textOf(await ctx.open(found.file)),
  );

  test('travel as a reference, whole or inside a value, and are read by it', async () => {
    const files = tapestry('files', () => ({
      whole: load({ file: save({}, { id: 'save' }) }, { id: 'load' }),
      part: loadInside({ found: inside({}, { id: 'inside' }) }, { id: 'load-inside' }),
    }));
    const backends = createInMemoryBackends();
    const { values, lineage, outputs } = await runLocally(files, {}, { backends });
    expect(values).toEqual({
      whole: { text: 'a,b\n1,2\n', isReference: true, mediaType: 'text/csv' },
      part: 'x',
    });
    const hash = `bytes-sha256:${sha256('a,b\n1,2\n')}`;
    expect(lineage.find((record) => record.knot_id === 'save')).toMatchObject({
      output_hash: hash,
      output_size: 8,
      extra: { stored: 'text/csv' },
    });
    expect(StoredBytes.is(outputs['save'])).toBe(true);
    expect(await backends.dataStore.has(hash)).toBe(true);
  });

  test('that are gone fail the knot that opens them, by name', async () => {
    const gone = knot('gone', () => new StoredBytes({ hash: `bytes-sha256:${sha256('gone')}`, size: 4 }));
    const { outcomes } = await runLocally(
      tapestry('missing', () => void load({ file: gone({}, { id: 'gone' }) }, { id: 'reader' })),
      {},
    );
    expect(outcomes['reader']).toMatchObject({ kind: 'err', error: { type: 'ValueMissing' } });
    expect(outcomes['reader']).toHaveProperty('error.message', expect.stringContaining('"reader"'));
  });
});

describe('lineage', () => {
  const scale = knot('scale', { version: '2' }, ({ list, by }: { list: number[]; by: number }) =>
    list.map((n) => n * by),
  );
  const fail = knot('fail', ({ list: _ }: { list: number[] }) => {
    throw new Error('no');
  });
  const use = knot('use', ({ a: _a, b: _b }: { a: unknown; b: unknown }) => null);
  const work = tapestry('work', (t) => {
    const list = t.parameter('list', z.array(z.number()));
    const scaled = scale({ list, by: 3 }, { id: 'scaled' });
    const failed = fail({ list: scaled }, { id: 'failed' });
    use({ a: scaled, b: failed }, { id: 'skipped' });
  });

  test('has one record a knot, with the hashes of what went in and came out', async () => {
    const backends = createInMemoryBackends();
    const { lineage, runId } = await runLocally(work, { list: [1, 2] }, { backends });
    const records = Object.fromEntries(lineage.map((record) => [record.knot_id, record]));
    expect(lineage.map((record) => record.knot_id)).toEqual(['param:list', 'scaled', 'failed', 'skipped']);
    expect(records['param:list']).toMatchObject({
      definition: 'parameter',
      output_hash: hashOf([1, 2]),
      code_hash: null,
    });
    expect(records['scaled']).toMatchObject({
      run_id: runId,
      definition: 'scale',
      definition_version: '2',
      parent_knot_ids: { list: 'param:list' },
      parent_input_hashes: { list: hashOf([1, 2]) },
      constant_input_hashes: { by: hashOf(3) },
      output_hash: hashOf([3, 6]),
      output_size: '[3,6]'.length,
      outcome: 'ok',
      dispatcher: 'in_process',
      attempt: 1,
      extra: { length: 2 },
    });
    expect(records['failed']).toMatchObject({
      outcome: 'err',
      output_hash: null,
      extra: { error: { message: 'no' } },
    });
    expect(records['failed']!.error_record_id).toBe((records['failed']!.extra['error'] as { id: string }).id);
    expect(records['skipped']).toMatchObject({
      outcome: 'skipped',
      skip_reason: 'parent_failed_or_skipped',
      parent_input_hashes: { a: hashOf([3, 6]), b: null },
      attempt: 0,
      code_hash: null,
    });
    expect(records['skipped']!.finished_at).toBe(records['skipped']!.started_at);
    const stored = await backends.runHistory.findLineage({ runId });
    expect(stored.items).toHaveLength(4);
    expect(await backends.dataStore.get(hashOf([3, 6]))).toEqual(Buffer.from('[3,6]'));
  });

  test('is the same for the same work, but for ids and times', async () => {
    const timeless = async () =>
      (await runLocally(work, { list: [1, 2] }, { runId: 'same' })).lineage.map(
        ({ temporal_run_id: _, scheduled_at: _s, started_at: _b, finished_at: _f, extra: _e, ...record }) =>
          record,
      );
    expect(await timeless()).toEqual(await timeless());
  });
});
