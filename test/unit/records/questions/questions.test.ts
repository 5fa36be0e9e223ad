import { createInMemoryBackends } from '../../../../src/backends';
import { knot, map, runLocally, subTapestry, tapestry, waitForSignal, type Knot } from '../../../../src';
import {
  differenceSentence,
  diffRuns,
  impact,
  why,
  type ValueOrigin,
} from '../../../../src/records/questions';
import type { Backends, LineageRecord, RunHistory } from '../../../../src/ports';
import { sampleRun } from '../../../../src/testing/sample-records';
import { z } from 'zod';

/** Long enough that no other value is equal to it by chance. */
const long = (text: string): string => text.padEnd(40, '.');

const load = knot('load', ({ path }: { path: string }) => long(`content of ${path}`));
const trim = knot('trim', ({ text }: { text: string }) => text.replaceAll('.', ''));
const join = knot('join', ({ a, b, by }: { a: string; b: string; by: string }) => long(`${a}${by}${b}`));
const report = tapestry('report', (t) => {
  const path = t.parameter('path', z.string());
  const text = load({ path }, { id: 'text' });
  const short = trim({ text }, { id: 'short' });
  return {
    whole: join({ a: text, b: short, by: '/' }, { id: 'whole' }),
    other: trim({ text: path }, { id: 'other' }),
  };
});
const summary = tapestry('summary', (t) => {
  const text = t.parameter('text', z.string());
  return { end: trim({ text: trim({ text }, { id: 'first' }) }, { id: 'end' }) };
});

const show = knot('show', ({ inner }: { inner: { end: string } }) => long(`shown: ${inner.end}`));

let backends: Backends;
let history: RunHistory;
beforeEach(() => {
  backends = createInMemoryBackends();
  history = backends.runHistory;
});

/** Runs in process write no run record; the questions name runs by theirs. */
async function run(shape: Parameters<typeof runLocally>[0], parameters: object, runId: string, options = {}) {
  const result = await runLocally(shape, parameters as never, { runId, backends, ...options });
  const [record] = result.lineage as LineageRecord[];
  const { temporal_run_id, started_at } = record!;
  await history.startRun(
    sampleRun({ run_id: runId, temporal_run_id, tapestry: shape.name, started_at, finished_at: null }),
  );
  return {
    ...result,
    hashOf: (id: string) => result.lineage.find(({ knot_id }) => knot_id === id)!.output_hash!,
  };
}

/** An origin in one line. */
function told({ record, inputs, repeated, earlierOrigin }: ValueOrigin): string {
  const parts = inputs.map(
    ({ name, origin, constant }) =>
      `${name}=${origin ? told(origin) : (JSON.stringify(constant) ?? 'constant')}`,
  );
  if (earlierOrigin) parts.push(`before=${told(earlierOrigin)}`);
  const tail = repeated ? '^' : parts.length > 0 ? `(${parts.join(' ')})` : '';
  return `${record.run_id}/${record.knot_id}${tail}`;
}

describe('why', () => {
  test('walks up to constants and parameters, and tells each knot once', async () => {
    const { hashOf } = await run(report, { path: 'x' }, 'r1');
    expect(told(await why(backends, hashOf('whole')))).toBe(
      'r1/whole(a=r1/text(path=r1/param:path) b=r1/short(text=r1/text^) by="/")',
    );
  });

  test('shows constants that are small, also those of the elements of a map, and of others that they are constants', async () => {
    const sized = tapestry('sized', () => {
      const joined = (by: string, id: string) => join({ a: 'one', b: 'two', by }, { id });
      const parts = { one: joined('', 'part-0'), two: joined('-'.repeat(200), 'part-1') };
      const listed = knot('listed', (given: { one: string; two: string }) => Object.values(given))(parts, {
        id: 'listed',
      });
      map({ over: listed, each: join, bind: 'a', shared: { b: 'three', by: '+' } }, { id: 'mapped' });
    });
    const { hashOf } = await run(sized, {}, 'r1');
    expect(told(await why(backends, hashOf('part-0')))).toBe('r1/part-0(a="one" b="two" by="")');
    expect(told(await why(backends, hashOf('part-1')))).toBe('r1/part-1(a="one" b="two" by=constant)');
    expect(told(await why(backends, hashOf('mapped[0]')))).toMatch(
      /^r1\/mapped\[0\]\(.* b="three" by="\+"\)$/,
    );
    const withoutPlan = { ...backends, tapestryStore: createInMemoryBackends().tapestryStore };
    expect(told(await why(withoutPlan, hashOf('part-0')))).toBe(
      'r1/part-0(a=constant b=constant by=constant)',
    );
  });

  test('follows a parameter into the run that made its value, unless that is too short to tell', async () => {
    const made = await run(report, { path: 'x' }, 'r1');
    const later = await run(summary, { text: made.outputs['whole'] }, 'r2');
    expect(told(await why(backends, later.hashOf('end'), { runId: 'r2' }))).toMatch(
      /^r2\/end\(text=r2\/first\(text=r2\/param:text\(before=r1\/whole\(a=r1\/text/,
    );
    const short = await run(summary, { text: 'x' }, 'r3');
    expect(told(await why(backends, short.hashOf('end'), { runId: 'r3' }))).toBe(
      'r3/end(text=r3/first(text=r3/param:text))',
    );
  });

  test('ends where it is asked to', async () => {
    const { hashOf } = await run(report, { path: 'x' }, 'r1');
    const origin = await why(backends, hashOf('whole'), { limit: 2 });
    expect(origin.inputs[0]!.origin!.inputs[0]!.origin).toMatchObject({ truncated: true, inputs: [] });
  });

  test('says so where nobody has the value', async () => {
    await run(report, { path: 'x' }, 'r1');
    await expect(why(backends, 'sha256:none')).rejects.toMatchObject({ code: 'UnknownValue' });
    const { hashOf } = await run(report, { path: 'y' }, 'r2');
    await expect(why(backends, hashOf('whole'), { runId: 'r1' })).rejects.toThrow('of run "r1"');
  });
});

describe('impact', () => {
  const paths = (found: Awaited<ReturnType<typeof impact>>) =>
    found.items.map(({ record, through }) => `${record.run_id}/${record.knot_id} < ${through.join()}`);

  test('walks down, parents first, in all runs that have the value', async () => {
    const { hashOf } = await run(report, { path: 'x' }, 'r1');
    await run(report, { path: 'x' }, 'r2');
    await run(report, { path: 'y' }, 'r3');
    const found = await impact(history, hashOf('text'));
    expect(found.producers.map(({ run_id }) => run_id).sort()).toEqual(['r1', 'r2']);
    expect(paths(found).filter((path) => path.startsWith('r1'))).toEqual([
      'r1/short < text',
      'r1/whole < text,short',
    ]);
    expect(paths(found)).toHaveLength(4);
    expect(found.truncated).toBe(false);
  });

  test('goes on into later runs that were given what was made of it', async () => {
    const made = await run(report, { path: 'x' }, 'r1');
    await run(summary, { text: made.outputs['whole'] }, 'r2');
    const found = await impact(history, made.hashOf('text'));
    expect(paths(found)).toEqual([
      'r1/short < text',
      'r1/whole < text,short',
      'r2/param:text < ',
      'r2/first < param:text',
      'r2/end < first',
    ]);
  });

  test('finds a run that was given what several runs have made, between them', async () => {
    const first = await run(report, { path: 'x' }, 'r1');
    await run(summary, { text: first.outputs['whole'] }, 'r2');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await run(report, { path: 'x' }, 'r3');
    expect(paths(await impact(history, first.hashOf('text')))).toContain('r2/param:text < ');
  });

  test('is cut at its limit', async () => {
    const { hashOf } = await run(report, { path: 'x' }, 'r1');
    const found = await impact(history, hashOf('text'), { limit: 1 });
    expect(paths(found)).toEqual(['r1/short < text']);
    expect(found.truncated).toBe(true);
  });

  test('of a long chain does not recurse', async () => {
    const chain = tapestry('chain', (t) => {
      let last: Knot<string> = load({ path: t.parameter('path', z.string()) }, { id: 'k0' });
      for (let index = 1; index < 3_000; index++) last = trim({ text: last }, { id: `k${index}` });
    });
    const { hashOf } = await run(chain, { path: 'x' }, 'r1');
    const found = await impact(history, hashOf('k0'), { limit: 10_000 });
    expect(found.items).toHaveLength(2_999);
    expect(found.items.at(-1)!.record.knot_id).toBe('k2999');
  });

  test('says so where nobody has the value', async () => {
    await expect(impact(history, 'sha256:none')).rejects.toMatchObject({ code: 'UnknownValue' });
  });
});

describe('diff', () => {
  const causesIn = async (first: string, second: string) => {
    const { equal, items } = await diffRuns(history, first, second);
    const causes = items.map(({ knotId, isFirst, causes, inputs }) => [knotId, isFirst, causes, inputs]);
    return { equal, causes };
  };

  test('two runs with the same results have no differences', async () => {
    await run(report, { path: 'x' }, 'r1');
    await run(report, { path: 'x' }, 'r2');
    expect(await causesIn('r1', 'r2')).toEqual({ equal: 5, causes: [] });
  });

  test('a parameter is to blame, and what follows is told apart', async () => {
    await run(report, { path: 'x' }, 'r1');
    await run(report, { path: 'y' }, 'r2');
    expect(await causesIn('r1', 'r2')).toEqual({
      equal: 0,
      causes: [
        ['param:path', true, ['parameter'], []],
        ['other', false, ['parents'], ['text']],
        ['text', false, ['parents'], ['path']],
        ['short', false, ['parents'], ['text']],
        ['whole', false, ['parents'], ['a', 'b']],
      ],
    });
  });

  test('the parents that differ are named', async () => {
    await run(report, { path: 'x' }, 'r1');
    await run(report, { path: 'y' }, 'r2');
    const { items } = await diffRuns(history, 'r1', 'r2');
    const said = new Map(items.map((item) => [item.knotId, differenceSentence(item)]));
    expect(said.get('text')).toBe('its parent param:path differs');
    expect(said.get('whole')).toBe('its parents text, short differ');
  });

  const variant = (build: (path: Knot<string>) => void, name = 'variant') =>
    tapestry(name, (t) => build(t.parameter('path', z.string())));

  test.each([
    [
      'a body has changed',
      variant((path) => void load({ path }, { id: 'k' })),
      variant(
        (path) => void knot('load', ({ path: p }: { path: string }) => `other ${p}`)({ path }, { id: 'k' }),
      ),
      ['code'],
      [],
    ],
    [
      'another definition',
      variant((path) => void load({ path }, { id: 'k' })),
      variant((path) => void trim({ text: path }, { id: 'k' })),
      ['definition', 'code', 'wiring'],
      ['path', 'text'],
    ],
    [
      'another version',
      variant(
        (path) => void knot('v', { version: '1' }, ({ p }: { p: string }) => p)({ p: path }, { id: 'k' }),
      ),
      variant(
        (path) =>
          void knot('v', { version: '2' }, ({ p }: { p: string }) => `${p}!`)({ p: path }, { id: 'k' }),
      ),
      ['version', 'code'],
      [],
    ],
    [
      'a constant',
      variant((path) => void join({ a: path, b: 'b', by: '/' }, { id: 'k' })),
      variant((path) => void join({ a: path, b: 'c', by: '-' }, { id: 'k' })),
      ['constants'],
      ['b', 'by'],
    ],
    [
      'other parents',
      variant((path) => {
        const [one] = [load({ path }, { id: 'one' }), trim({ text: path }, { id: 'two' })];
        trim({ text: one }, { id: 'k' });
      }),
      variant((path) => {
        const [, two] = [load({ path }, { id: 'one' }), trim({ text: path }, { id: 'two' })];
        trim({ text: two }, { id: 'k' });
      }),
      ['wiring'],
      ['text'],
    ],
  ])('%s', async (_, one, other, causes, inputs) => {
    await run(one, { path: 'x' }, 'r1');
    await run(other, { path: 'x' }, 'r2');
    expect((await causesIn('r1', 'r2')).causes).toEqual([['k', true, causes, inputs]]);
  });

  test('a body that gives something else, one that fails, and knots that one of them has not', async () => {
    let calls = 0;
    const counts = knot('counts', () => (calls += 1));
    const fails = knot('fails', () => {
      if (calls === 2) throw new Error('the second time');
      return 'fine';
    });
    const shape = (extra: boolean) =>
      tapestry('shape', () => {
        const count = counts({}, { id: 'count' });
        const fail = fails({}, { id: 'fail' });
        trim({ text: fail }, { id: 'below' });
        if (extra) trim({ text: count as never }, { id: 'extra' });
        else load({ path: 'p' }, { id: 'gone' });
      });
    await run(shape(false), {}, 'r1');
    await run(shape(true), {}, 'r2');
    expect((await causesIn('r1', 'r2')).causes).toEqual([
      ['fail', true, ['failure'], []],
      ['below', false, ['parents'], ['text']],
      ['count', true, ['not-repeatable'], []],
      ['extra', false, ['only-in-second'], []],
      ['gone', true, ['only-in-first'], []],
    ]);
  });

  test('a signal that brought something else, or that came in one run only, is not blamed on the code', async () => {
    const asked = tapestry('asked', () => {
      const said = waitForSignal('say', z.string().trim(), { id: 'said', timeout: 1 });
      trim({ text: said }, { id: 'below' });
    });
    for (const [runId, signals] of [
      ['yes', { say: 'yes' }],
      ['no', { say: 'no' }],
      ['silent', {}],
    ] as const)
      await run(asked, {}, runId, { signals });
    const causes = [
      ['said', true, ['signal'], []],
      ['below', false, ['parents'], ['text']],
    ];
    expect((await causesIn('yes', 'no')).causes).toEqual(causes);
    expect((await causesIn('yes', 'silent')).causes).toEqual(causes);

    // The same was given, and the schema made something else of it.
    const [said] = (await history.findLineage({ runId: 'yes', knotId: 'said' })).items;
    const other = { run_id: 'other', temporal_run_id: 'other' };
    const extra = { payload: said!.output_hash };
    await history.startRun(sampleRun(other));
    await history.commit([{ ...said!, ...other, output_hash: 'sha256:other', extra }]);
    expect((await causesIn('yes', 'other')).causes[0]).toEqual(['said', true, ['not-repeatable'], []]);
  });

  test('a knot that has run another tapestry points to its runs, where the difference is', async () => {
    let calls = 0;
    const counts = knot('counts', () => (calls += 1));
    const inner = tapestry('inner', () => ({ count: counts({}, { id: 'count' }) }));
    const outer = tapestry('outer', () => ({
      inner: subTapestry({ tapestry: inner, inputs: {} }, { id: 'inner' }),
    }));
    await run(outer, {}, 'r1');
    await run(outer, {}, 'r2');
    expect((await causesIn('r1', 'r2')).causes).toEqual([['inner', true, ['child-run'], []]]);
    expect((await causesIn('r1/inner#1', 'r2/inner#1')).causes).toEqual([
      ['count', true, ['not-repeatable'], []],
    ]);
  });

  test('a knot that was put between two others comes before what follows from it', async () => {
    const one = tapestry('one', (t) => {
      const path = t.parameter('path', z.string());
      trim({ text: load({ path }, { id: 'a' }) }, { id: 'k' });
    });
    const other = tapestry('other', (t) => {
      const path = t.parameter('path', z.string());
      const a = load({ path }, { id: 'a' });
      trim({ text: join({ a, b: '!', by: '' }, { id: 'n' }) }, { id: 'k' });
    });
    await run(one, { path: 'x' }, 'r1');
    await run(other, { path: 'x' }, 'r2');
    expect((await causesIn('r1', 'r2')).causes).toEqual([
      ['n', true, ['only-in-second'], []],
      ['k', false, ['wiring'], ['text']],
    ]);
  });

  test('knots that changed places are compared all the same', async () => {
    const order = (names: readonly [string, string]) =>
      tapestry('order', (t) => {
        const first = trim({ text: t.parameter('path', z.string()) }, { id: names[0] });
        load({ path: first }, { id: names[1] });
      });
    await run(order(['a', 'b']), { path: 'x' }, 'r1');
    await run(order(['b', 'a']), { path: 'x' }, 'r2');
    const { items } = await diffRuns(history, 'r1', 'r2');
    expect(items.map(({ knotId }) => knotId).sort()).toEqual(['a', 'b']);
  });

  test('an unknown run is named', async () => {
    await run(report, { path: 'x' }, 'r1');
    await expect(diffRuns(history, 'r1', 'nobody')).rejects.toMatchObject({
      code: 'UnknownRun',
      details: { run: 'nobody' },
    });
  });
});

describe('elements of a map', () => {
  const words = tapestry('words', (t) => {
    const text = load({ path: t.parameter('path', z.string()) }, { id: 'text' });
    const list = knot('split', ({ text: all }: { text: string }) => all.split(' ').map(long))(
      { text },
      { id: 'list' },
    );
    const mapped = map({ over: list, each: trim, bind: 'text' }, { id: 'mapped' });
    return { whole: knot('whole', ({ of }: { of: string[] }) => of.join())({ of: mapped }, { id: 'whole' }) };
  });

  test('a value that one of them made came from the list, and went into the map and what is below it', async () => {
    const { hashOf } = await run(words, { path: 'a' }, 'one');
    const origin = await why(backends, hashOf('mapped[1]'));
    expect(origin.record.knot_id).toBe('mapped[1]');
    expect(origin.inputs[0]).toMatchObject({ knotId: 'list', origin: { record: { knot_id: 'list' } } });
    const { items } = await impact(history, hashOf('mapped[1]'));
    expect(items.map(({ record, through }) => [record.knot_id, through])).toEqual([
      ['mapped', ['mapped[1]']],
      ['whole', ['mapped']],
    ]);
    const ofList = await impact(history, hashOf('list'));
    expect(ofList.items.map(({ record }) => record.knot_id)).toEqual([
      'mapped[0]',
      'mapped[1]',
      'mapped[2]',
      'mapped',
      'whole',
    ]);
  });

  test('two runs differ first in the elements that came to something else', async () => {
    await run(words, { path: 'a' }, 'one');
    await run(words, { path: 'a' }, 'two', {
      replace: {
        mapped: ({ text }: { text: string }) => (text.includes('of') ? 'of!' : text.replaceAll('.', '')),
      },
    });
    const { items } = await diffRuns(history, 'one', 'two');
    expect(items.map(({ knotId, isFirst }) => [knotId, isFirst])).toEqual([
      ['mapped[1]', true],
      ['mapped', false],
      ['whole', false],
    ]);
  });
});

describe('of runs in process that knots of others have started', () => {
  const outer = tapestry('outer', (t) => {
    const text = t.parameter('text', z.string());
    const inner = subTapestry({ tapestry: summary, inputs: { text } }, { id: 'inner' });
    return { shown: show({ inner }, { id: 'shown' }) };
  });

  test('why leads into them, and impact out of them', async () => {
    const text = long('of the outer');
    const { lineage } = await runLocally(outer, { text }, { runId: 'outer', backends });
    const origin = await why(backends, lineage.find(({ knot_id }) => knot_id === 'shown')!.output_hash!);
    const [inner] = origin.inputs;
    expect(inner).toMatchObject({ knotId: 'inner' });
    expect(inner!.origin!.terminals).toMatchObject([
      { name: 'end', knotId: 'end', origin: { record: { run_id: 'outer/inner#1' } } },
    ]);
    const child = await history.getRun('outer/inner#1');
    expect(child).toMatchObject({
      tapestry: 'summary',
      trigger: 'knot',
      status: 'succeeded',
      parent_run_id: 'outer',
      terminals: { end: 'end' },
      details: { parent_knot: 'inner', counts: { ok: 3, err: 0, skipped: 0 } },
    });
    expect(await history.getRun('outer')).toMatchObject({ trigger: 'code', parent_run_id: null });
    for (const { plan_hash } of [child!, (await history.getRun('outer'))!])
      expect(await backends.tapestryStore.get(plan_hash)).toBeDefined();
    const { items } = await history.findLineage({ runId: 'outer/inner#1', knotId: 'first' });
    const affected = await impact(history, items[0]!.output_hash!);
    expect(JSON.stringify(affected)).toContain('"shown"');
  });

  test('one whose parameters are refused is on record as failed', async () => {
    const wrong = tapestry('wrong', (t) => {
      const text = t.parameter('text', z.number());
      subTapestry({ tapestry: summary, inputs: { text } }, { id: 'inner' });
    });
    await runLocally(wrong, { text: 1 }, { runId: 'wrong', backends });
    expect(await history.getRun('wrong')).toMatchObject({ status: 'failed' });
    expect(await history.getRun('wrong/inner#1')).toMatchObject({
      status: 'failed',
      details: { error: { type: 'InvalidParameters' } },
    });
  });
});
