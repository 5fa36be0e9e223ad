import { z } from 'zod';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { contentHash } from '../../../src/in-process/content-hash';
import { knot, map, runLocally, tapestry } from '../../../src';
import type { ValueView } from '../../../src/operations/values/value-view';
import type { Backends } from '../../../src/ports';
import { closeAll } from '../../support/open-selvage';
import { openPage, type TestPage } from '../../support/page';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

const rows = Array.from({ length: 250 }, (_, at) => ({
  id: at,
  city: at % 2 === 0 ? 'Bonn' : 'Köln',
  when: new Date(Date.UTC(2024, 0, 1 + (at % 28))),
  note: at === 7 ? null : { deep: [at] },
  ...(at % 10 === 0 && { extra: at / 4 }),
}));

const shapes = {
  table: knot('table', () => rows),
  odd: knot('odd', () => ({
    when: new Date(0),
    big: 12345678901234567890n,
    none: Number.NaN,
    names: new Map([['a', 1]]),
    tags: new Set(['x']),
    bytes: new Uint8Array([1, 2, 3]),
  })),
  text: knot('text', () => 'first line\nsecond line'),
  image: knot('image', () => new Uint8Array(PNG)),
  binary: knot('binary', () => new Uint8Array([0, 255, 1])),
  svg: knot(
    'svg',
    async (_: object, context) =>
      await context.store(new Uint8Array(Buffer.from('<svg onload="alert(1)"/>')), {
        mediaType: 'image/svg+xml',
      }),
  ),
  typed: knot(
    'typed',
    async (_: object, context) =>
      await context.store(new Uint8Array([1, 2]), { mediaType: 'image/x-made-up' }),
  ),
  large: knot('large', () => Array.from({ length: 60_000 }, (_, at) => `item ${at}`)),
};

const showcase = tapestry('showcase', () => ({
  table: shapes.table({}, { id: 'table' }),
  odd: shapes.odd({}, { id: 'odd' }),
  text: shapes.text({}, { id: 'text' }),
  image: shapes.image({}, { id: 'image' }),
  binary: shapes.binary({}, { id: 'binary' }),
  svg: shapes.svg({}, { id: 'svg' }),
  typed: shapes.typed({}, { id: 'typed' }),
  large: shapes.large({}, { id: 'large' }),
}));

const double = knot('double', ({ n }: { n: number }) => {
  if (n === 13) throw new Error('unlucky', { cause: new TypeError('thirteen') });
  return n * 2;
});
const numbers = knot('numbers', ({ count }: { count: number }) =>
  Array.from({ length: count }, (_, at) => at),
);

const doubled = tapestry(
  'doubled',
  {
    parameters: { count: z.number().int().min(1).describe('How many') },
    description: 'Doubles numbers.',
  },
  (_, { count }) => ({
    all: map(
      { over: numbers({ count }, { id: 'numbers' }), each: double, bind: 'n', onError: 'collect' },
      { id: 'all' },
    ),
  }),
);

describe('a value', () => {
  let backends: Backends;
  let hashes: Readonly<Record<string, string>>;
  beforeAll(async () => {
    backends = createInMemoryBackends();
    const { lineage } = await runLocally(showcase, {}, { backends, runId: 'showcase' });
    hashes = Object.fromEntries(lineage.map(({ knot_id, output_hash }) => [knot_id, output_hash!]));
  });
  afterEach(closeAll);

  async function view(knotId: string, more: object = {}): Promise<ValueView> {
    return await (await openPage({ backends })).ask('values.show', { hash: hashes[knotId]!, ...more });
  }

  test('that is a list of records is a table with what its columns are', async () => {
    const shown = await view('table');
    if (shown.form !== 'table') throw new Error(shown.form);
    const { rows: count, columns, cells, from } = shown.table;
    expect({ count, from, shown: cells.length }).toEqual({ count: 250, from: 0, shown: 100 });
    // In the order in which the body made them; stored values have their names sorted.
    expect(columns).toEqual([
      expect.objectContaining({
        name: 'id',
        type: 'number',
        missing: 0,
        min: 0,
        max: 249,
        mean: expect.closeTo(124.5) as number,
      }),
      expect.objectContaining({
        name: 'city',
        type: 'text',
        missing: 0,
        distinct: 2,
        top: [
          ['Bonn', 125],
          ['Köln', 125],
        ],
      }),
      expect.objectContaining({
        name: 'when',
        type: 'time',
        min: '2024-01-01T00:00:00.000Z',
        max: '2024-01-28T00:00:00.000Z',
      }),
      expect.objectContaining({ name: 'note', type: 'nested', missing: 1 }),
      expect.objectContaining({ name: 'extra', type: 'number', missing: 225, min: 0, max: 60 }),
    ]);
    expect(columns.find(({ name }) => name === 'id')!.histogram).toEqual([
      25, 25, 25, 25, 25, 25, 25, 25, 25, 25,
    ]);
    const last = await view('table', { from: 200 });
    expect(last).toMatchObject({ table: { from: 200 } });
    if (last.form === 'table') expect(last.table.cells).toHaveLength(50);
    expect(await view('table', { path: [7], as: 'json' })).toMatchObject({
      form: 'json',
      json: { id: 7, note: null },
      truncated: false,
    });
  });

  test('that is a list of records is sorted and filtered as a whole, and given as CSV with exact cells', async () => {
    const table = async (more: object) => {
      const shown = await view('table', more);
      if (shown.form !== 'table') throw new Error(shown.form);
      return shown.table;
    };
    const ids = ({ cells }: { cells: readonly (readonly unknown[])[] }): unknown[] =>
      cells.slice(0, 3).map(([id]) => id);
    expect(ids(await table({ sort: 'id', descending: true }))).toEqual([249, 248, 247]);
    // Numbers sort as numbers; rows without a cell come last in both directions.
    expect(ids(await table({ sort: 'extra' }))).toEqual([0, 10, 20]);
    expect(ids(await table({ sort: 'extra', descending: true }))).toEqual([240, 230, 220]);
    const filtered = await table({ filter: 'KÖLN', sort: 'id', descending: true, from: 100 });
    expect(filtered).toMatchObject({ rows: 250, matching: 125, from: 100 });
    expect(filtered.indexes!.slice(0, 2)).toEqual([49, 47]);
    expect(filtered.cells).toHaveLength(25);

    const csv = await view('table', { as: 'csv', filter: 'bonn', sort: 'id' });
    if (csv.form !== 'text') throw new Error(csv.form);
    const lines = csv.text.split('\r\n');
    expect(lines.slice(0, 3)).toEqual([
      'id,city,when,note,extra',
      '0,Bonn,2024-01-01T00:00:00.000Z,"{""deep"":[0]}",0',
      '2,Bonn,2024-01-03T00:00:00.000Z,"{""deep"":[2]}",',
    ]);
    expect(lines).toHaveLength(127);
    expect(csv).toMatchObject({ mediaType: 'text/csv', truncated: false });
    expect(await view('table', { as: 'csv', filter: 'bonn', sort: 'id', from: 4 })).toMatchObject({
      text: csv.text.slice(4),
    });
    await expect(view('text', { as: 'csv' })).rejects.toThrow('Only a list of records can be CSV.');
  });

  test('as CSV keeps every character, and columns beyond those of the table', async () => {
    const odd = [
      { z: '=1+1', 'a "b"': 'x,y' },
      { z: 'two\r\nlines', 'a "b"': '' },
      { z: ' space', more: 10n ** 20n },
      ...Array.from({ length: 150 }, (_, at) => ({ [`c${at}`]: at })),
    ];
    const lists = tapestry('lists', () => ({ odd: knot('lists.odd', () => odd)({}, { id: 'odd' }) }));
    const own = createInMemoryBackends();
    const { lineage } = await runLocally(lists, {}, { backends: own });
    const page = await openPage({ backends: own });
    const shown = await page.ask('values.show', { hash: lineage[0]!.output_hash!, as: 'csv' });
    const [head, ...lines] = (shown as { text: string }).text.split(/\r\n(?!lines)/);
    expect(head!.split(',').slice(0, 3)).toEqual(['z', '"a ""b"""', 'more']);
    expect(head!.split(',')).toHaveLength(153);
    expect(lines.slice(0, 3).map((line) => line.replace(/,+$/, ''))).toEqual([
      '=1+1,"x,y"',
      '"two\r\nlines",""',
      '" space",,100000000000000000000',
    ]);
  });

  test('of what JSON cannot say keeps its tags', async () => {
    expect(await view('odd')).toMatchObject({
      form: 'json',
      truncated: false,
      json: {
        when: { $type: 'date', value: '1970-01-01T00:00:00.000Z' },
        big: { $type: 'bigint', value: '12345678901234567890' },
        none: { $type: 'number', value: 'NaN' },
        names: { $type: 'map', value: [['a', 1]] },
        tags: { $type: 'set', value: ['x'] },
      },
    });
    expect(await view('odd', { path: ['bytes'] })).toMatchObject({ form: 'bytes', hex: '010203' });
  });

  test('is text, an image by its first bytes, or bytes; an SVG is text, which runs nothing', async () => {
    expect(await view('text')).toMatchObject({
      form: 'text',
      text: 'first line\nsecond line',
      truncated: false,
    });
    expect(await view('image')).toMatchObject({
      form: 'image',
      mediaType: 'image/png',
      base64: PNG.toString('base64'),
    });
    expect(await view('image', { as: 'bytes' })).toMatchObject({
      form: 'bytes',
      hex: expect.stringMatching(/^89504e47/) as string,
    });
    expect(await view('binary')).toMatchObject({ form: 'bytes', hex: '00ff01', size: 3 });
    // The media type that a body states is shown, and decides nothing.
    expect(await view('typed')).toMatchObject({ form: 'bytes', hex: '0102', mediaType: 'image/x-made-up' });
    expect(await view('svg')).toMatchObject({ form: 'text', text: '<svg onload="alert(1)"/>' });
  });

  test('that is large is cut, and its rest can be asked for', async () => {
    const shown = await view('large');
    expect(shown).toMatchObject({ form: 'json', truncated: true });
    expect(JSON.stringify(shown).length).toBeLessThan(300 * 1024);
    const later = await view('large', { from: 59_999 });
    expect(later).toMatchObject({ form: 'json', json: ['item 59999'], truncated: false });
  });

  test('that is not there says why', async () => {
    const page = await openPage({ backends });
    const unknown = `sha256:${'0'.repeat(64)}`;
    expect(await page.ask('values.show', { hash: unknown })).toMatchObject({
      form: 'none',
      code: 'UnknownValue',
    });
    await backends.dataStore.delete(hashes['text']!);
    expect(await view('text')).toMatchObject({ form: 'none', code: 'ValueMissing' });
    expect(await page.question('values.show', { hash: hashes['odd'], path: ['nowhere'] })).toMatchObject({
      status: 400,
    });
  });
});

describe('a run', () => {
  const backends = createInMemoryBackends();
  let page: TestPage;
  beforeAll(async () => {
    for (const [runId, count] of [
      ['first', 20],
      ['second', 5],
    ] as const)
      await runLocally(doubled, { count }, { backends, runId });
  });
  beforeEach(async () => {
    page = await openPage({ backends, tapestries: [doubled] });
  });
  afterEach(closeAll);

  test('is listed, with its neighbours, filters and pages', async () => {
    const { items } = await page.ask('runs.list', {});
    expect(items.map(({ runId }) => runId)).toEqual(['second', 'first']);
    expect(items[0]).toMatchObject({
      tapestry: 'doubled',
      status: 'succeeded',
      counts: { ok: 3, err: 0, skipped: 0 },
    });
    const first = await page.ask('runs.list', { limit: 1 });
    expect(first.items).toHaveLength(1);
    const rest = await page.ask('runs.list', { limit: 1, cursor: first.cursor! });
    expect(rest.items.map(({ runId }) => runId)).toEqual(['first']);
    expect((await page.ask('runs.list', { tapestry: 'other' })).items).toEqual([]);
    expect((await page.ask('runs.list', { partition: '2024-01-01' })).items).toEqual([]);
    expect(await page.ask('runs.show', { runId: 'first' })).toMatchObject({
      nextRunId: 'second',
      run: { runId: 'first' },
    });
    expect(await page.ask('runs.show', { runId: 'second' })).toMatchObject({ previousRunId: 'first' });
    const { graph } = await page.ask('runs.show', { runId: 'first' });
    expect(graph.knots.map(({ id, state }) => [id, state?.outcome])).toEqual([
      ['param:count', 'ok'],
      ['numbers', 'ok'],
      ['all', 'ok'],
    ]);
    expect(graph.knots[2]!.state!.elements).toEqual({ count: 20, failed: 1 });
  });

  test('is a row of the grid of its tapestry', async () => {
    const grid = await page.ask('runs.grid', { tapestry: 'doubled' });
    expect(grid.knots).toEqual(['param:count', 'numbers', 'all']);
    expect(grid.items.map(({ runId, cells }) => [runId, cells])).toEqual([
      ['second', 'ooo'],
      ['first', 'ooo'],
    ]);
    expect(await page.ask('runs.grid', { tapestry: 'other' })).toEqual({ knots: [], items: [] });
  });

  test('shows a knot with its inputs, and an element with what it failed by', async () => {
    const all = await page.ask('knots.show', { runId: 'first', knotId: 'all' });
    expect(all.inputs).toEqual([
      expect.objectContaining({
        knotId: 'numbers',
        hash: contentHash(Array.from({ length: 20 }, (_, at) => at)),
      }),
    ]);
    const failed = await page.ask('knots.show', { runId: 'first', knotId: 'all[13]' });
    expect(failed).toMatchObject({
      state: { outcome: 'err' },
      error: { type: 'Error', message: 'unlucky', cause: { type: 'TypeError', message: 'thirteen' } },
    });
    expect(await page.question('knots.show', { runId: 'first', knotId: 'nobody' })).toMatchObject({
      status: 404,
    });
  });

  test('shows the elements of a map by page and by outcome, with a strip of all', async () => {
    const some = await page.ask('knots.elements', { runId: 'first', map: 'all', from: 2, limit: 3 });
    expect(some.items.map(({ id }) => id)).toEqual(['all[2]', 'all[3]', 'all[4]']);
    expect(some).toMatchObject({
      total: 20,
      counts: { ok: 19, err: 1, skipped: 0 },
      cursor: '5',
      strip: `${'o'.repeat(13)}e${'o'.repeat(6)}`,
    });
    const failed = await page.ask('knots.elements', { runId: 'first', map: 'all', outcome: 'err' });
    expect(failed.items.map(({ index }) => index)).toEqual([13]);
    expect(failed.cursor).toBeUndefined();
    expect(await page.question('knots.elements', { runId: 'first', map: 'numbers' })).toMatchObject({
      status: 404,
    });
  });

  test('is compared with another, and the first knot that differs is named', async () => {
    const compared = await page.ask('runs.compare', { first: 'first', second: 'second' });
    expect(compared.items.map(({ knotId, likeness }) => [knotId, likeness])).toEqual([
      ['param:count', 'hash'],
      ['numbers', 'hash'],
      ['all', 'hash'],
    ]);
    expect(compared.firstDifferent).toBe('param:count');
    expect(compared.explanation).toMatch(
      /^First difference at "param:count": the runs were started with different values\./,
    );
    expect(compared.items[0]?.explanation).toBe('The runs were started with different values.');
    const same = await page.ask('runs.compare', { first: 'first', second: 'first' });
    expect(same.items).toEqual([]);
    expect(same.firstDifferent).toBeUndefined();
  });

  test('leads to all that made and used a value', async () => {
    const hash = contentHash(20);
    const used = await page.ask('values.uses', { hash });
    expect(used.items.map(({ knotId, role }) => [knotId, role])).toEqual([
      ['all[10]', 'produced'],
      ['param:count', 'parameter'],
    ]);
    const takers = await page.ask('values.uses', { hash, cursor: used.cursor! });
    expect(takers.items).toEqual([expect.objectContaining({ knotId: 'numbers', role: 'consumed' })]);
    expect(takers.cursor).toBeUndefined();
    const { graph } = await page.ask('runs.show', { runId: 'second' });
    const end = graph.knots[2]!.state!.outputHash!;
    const up = await page.ask('lineage.why', { hash: end });
    expect(up.items.slice(0, 2).map(({ knotId, depth }) => [knotId, depth])).toEqual([
      ['all', 0],
      [expect.any(String), 1],
    ]);
    // Each input says which step made it, but for the parameter and what has none.
    expect(up.items[0]!.inputs).toEqual([
      expect.objectContaining({ name: 'over', knotId: 'numbers', step: expect.any(Number) as number }),
    ]);
    const made = up.items[up.items[0]!.inputs![0]!.step!];
    expect(made).toMatchObject({ knotId: 'numbers', depth: 1, through: 'over', outcome: 'ok' });
    const first = await page.ask('lineage.why', { hash: end, limit: 1 });
    expect(first).toMatchObject({ truncated: true, items: [{ knotId: 'all' }, { truncated: true }] });
    const down = await page.ask('lineage.impact', { hash });
    expect(down.items.map(({ knotId }) => knotId)).toContain('numbers');
  });

  test('is found by what is typed', async () => {
    expect((await page.ask('project.find', { text: 'FIR' })).items).toEqual([
      { kind: 'run', runId: 'first', tapestry: 'doubled', status: 'succeeded' },
    ]);
    expect((await page.ask('project.find', { text: 'dou' })).items).toEqual([
      { kind: 'tapestry', tapestry: 'doubled' },
    ]);
    expect((await page.ask('project.find', { text: 'first/num' })).items).toEqual([
      { kind: 'knot', runId: 'first', knotId: 'numbers' },
    ]);
    const hash = contentHash(20);
    expect((await page.ask('project.find', { text: hash.slice(7, 20) })).items).toEqual([
      { kind: 'value', hash },
    ]);
    expect((await page.ask('project.find', { text: '' })).items).toEqual([]);
  });
});

describe('tapestries of the file', () => {
  afterEach(closeAll);

  test('come with what their forms need', async () => {
    const backends = createInMemoryBackends();
    const odd = tapestry(
      'odd',
      {
        parameters: {
          when: z.date(),
          mode: z.enum(['a', 'b']),
          size: { schema: z.number(), default: 3 },
          pages: z.number().default(4),
          note: z.string().optional(),
        },
      },
      (_, p) => {
        return { end: knot('end', (inputs: object) => Object.keys(inputs).length)(p, { id: 'end' }) };
      },
    );
    const page = await openPage({ backends, tapestries: [doubled, odd] });
    const { tapestries, serverState, abilities } = await page.ask('project.about', {});
    expect(tapestries[0]).toMatchObject({
      name: 'doubled',
      description: 'Doubles numbers.',
      parameters: [
        { name: 'count', required: true, schema: { type: 'integer', minimum: 1, description: 'How many' } },
      ],
    });
    expect(tapestries[1]!.parameters).toEqual([
      { name: 'when', required: true, schema: { type: 'string', format: 'date-time' } },
      { name: 'mode', required: true, schema: { type: 'string', enum: ['a', 'b'] } },
      { name: 'size', required: false, schema: { type: 'number' }, default: 3 },
      { name: 'pages', required: false, schema: { type: 'number', default: 4 }, default: 4 },
      { name: 'note', required: false, schema: { type: 'string' } },
    ]);
    expect(['unreachable', 'connecting']).toContain(serverState);
    expect(abilities).toMatchObject({ act: false, live: true });
  });
});

test('the starts of a trigger are counted up to a thousand, and it is told if there are more', async () => {
  const backends = createInMemoryBackends();
  const claims = (trigger: string, count: number) =>
    Array.from({ length: count }, (_, at) => ({
      trigger,
      key: String(at),
      runId: `${trigger}-${at}`,
      requestHash: null,
      event: {},
    }));
  const of = { few: claims('kafka:few', 2), many: claims('kafka:many', 2_002) };
  await backends.startLedger.claim([...of.few, ...of.many]);
  await backends.startLedger.markStarted(of.many.slice(0, 1_001));
  const { items, truncated } = await (await openPage({ backends, triggers: [] })).ask('triggers.list', {});
  expect({ items, truncated }).toMatchObject({
    items: [
      {
        name: 'kafka:many',
        startedCount: 1_000,
        pendingCount: 1_000,
        atLeast: { startedCount: true, pendingCount: true },
      },
    ],
    truncated: true,
  });

  await backends.startLedger.markStarted(of.many);
  await backends.startLedger.forget(Infinity);
  expect(await (await openPage({ backends, triggers: [] })).ask('triggers.list', {})).toMatchObject({
    items: [
      {
        name: 'kafka:few',
        startedCount: 0,
        pendingCount: 2,
        atLeast: { startedCount: false, pendingCount: false },
      },
    ],
    truncated: false,
  });
});
