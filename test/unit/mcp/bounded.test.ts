import fc from 'fast-check';
import { bounded } from '../../../src/mcp/bounded';
import type { Json } from '../../../src/values';

const MOST = 2_000;

interface Shown {
  readonly items: readonly Json[];
  readonly cut?: readonly {
    readonly path: string;
    readonly from: number;
    readonly shown: number;
    readonly of: number;
  }[];
}

const show = (answer: Readonly<Record<string, Json>>, skip: Record<string, number> = {}): Shown => {
  const text = bounded(answer, skip, MOST);
  expect(text.length).toBeLessThanOrEqual(MOST);
  return JSON.parse(text) as Shown;
};

const items = fc.array(fc.oneof(fc.integer(), fc.string({ maxLength: 50 }), fc.record({ id: fc.string() })), {
  maxLength: 1_000,
});

test('an answer that is short enough is answered whole', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (answer) => {
      const whole = JSON.parse(JSON.stringify(answer)) as Record<string, Json>;
      fc.pre(JSON.stringify(whole).length <= MOST);
      expect(JSON.parse(bounded(whole, {}, MOST))).toEqual(whole);
    }),
  );
});

test('a list that is cut says so, and its pages have each item once', () => {
  fc.assert(
    fc.property(items, (all) => {
      const found: Json[] = [];
      for (;;) {
        const page = show({ items: all }, { items: found.length });
        found.push(...page.items);
        const { shown, of } = page.cut?.find(({ path }) => path === 'items') ?? {
          shown: all.length,
          of: all.length,
        };
        expect([of, page.items.length]).toEqual([all.length, page.cut ? shown : all.length]);
        if (found.length >= all.length) break;
        expect(shown).toBeGreaterThan(0);
      }
      expect(found).toEqual(all);
    }),
    { numRuns: 50 },
  );
});

test('texts, members and nested lists that are cut are named by where they are', () => {
  const answer = {
    items: Array.from({ length: 30 }, (_, at) => ({
      id: at,
      log: 'x'.repeat(3_000),
    })),
    parameters: Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`p${at}`, at])),
  };
  const { cut } = show(answer);
  expect(new Map(cut!.map(({ path, of }) => [path, of]))).toEqual(
    new Map([
      ['items', 30],
      ['items[].log', 3_000],
      ['parameters', 500],
    ]),
  );
});

test('whatever an answer is made of, it is never longer than it may be', () => {
  const tree = (width: number, depth: number): Json =>
    depth === 0
      ? 'leaf '.repeat(5)
      : Object.fromEntries(
          Array.from({ length: width }, (_, at) => [`member ${at}`, tree(width, depth - 1)]),
        );
  for (const answer of [
    { json: tree(8, 4) },
    { json: tree(3, 8) },
    { ['x'.repeat(20_000)]: 1 },
    { json: Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => 'text')) },
  ]) {
    const text = bounded(answer, {}, MOST);
    expect(text.length).toBeLessThanOrEqual(MOST);
    expect((JSON.parse(text) as Shown).cut!.length).toBeGreaterThan(0);
  }
});

test('the cursor of a page whose items are cut comes with the last of them', () => {
  const items = Array.from({ length: 60 }, (_, at) => ({ id: at, message: 'm'.repeat(100) }));
  const first = show({ items, cursor: 'next' });
  expect(first).not.toHaveProperty('cursor');
  let shown = first.items.length;
  let last = first;
  while (shown < items.length) {
    last = show({ items, cursor: 'next' }, { items: shown });
    shown += last.items.length;
  }
  expect(last).toMatchObject({ cursor: 'next' });
});

test('texts go on where they were cut, and a path that leads nowhere is refused', () => {
  const log = Array.from({ length: 500 }, (_, at) => `line ${at}`).join(' ');
  const found = [''];
  for (let text = ''; text.length < log.length; text = found.join(''))
    found.push((show({ log }, { log: text.length }) as unknown as { log: string }).log);
  expect(found.join('')).toBe(log);
  expect(() => bounded({ items: [] }, { item: 5 }, MOST)).toThrow(
    expect.objectContaining({ code: 'InvalidRequest' }) as Error,
  );
});
