import fc from 'fast-check';
import { stringify } from 'yaml';
import { knot } from '../../src';

const functions = {
  double: ({ x }: { x: number }): number => x * 2,
  add: ({ a, b }: { a: number; b: number }): number => a + b,
  isEven: (x: number): boolean => x % 2 === 0,
  kindOf: (): string => 'a',
  total: (list: readonly number[]): number => list.length,
  plus: (a: number, b: number): number => a + b,
  read: (): number => 1,
};

/** The callables that the documents below may name. */
export const callables = { ...functions, known: knot('known', functions.double) };

type Node = Readonly<Record<string, unknown>>;

/** Makes a node of each type from the ids of earlier nodes. */
const NODES: readonly ((id: string, pick: (index: number) => string) => Node)[] = [
  (id, of) => ({ id, type: 'knot', callable: 'double', parents: { x: of(1) } }),
  (id, of) => ({
    id,
    type: 'knot',
    callable: 'known',
    parents: { x: of(1) },
    config: { y: [1, { z: null }] },
  }),
  (id) => ({ id, type: 'source', callable: 'read', tags: ['a', 'b'] }),
  (id, of) => ({
    id,
    type: 'sink',
    callable: 'double',
    parents: { x: of(2) },
    error_policy: 'require_all_parents',
  }),
  (id, of) => ({ id, type: 'aggregator', combine: 'add', parents: { a: of(1), b: of(2) } }),
  (id, of) => ({ id, type: 'branch', input: of(1), selector: 'kindOf', branches: ['a', 'b'] }),
  (id, of) => ({ id, type: 'branch', input: of(1), on: 'kind' }),
  (id, of) => ({
    id,
    type: 'gate',
    input: of(1),
    predicate: 'isEven',
    retry: { maximumAttempts: 2, initialInterval: '1s' },
  }),
  (id, of) => ({ id, type: 'firstOk', of: [of(1), of(2)] }),
  (id, of) => ({
    id,
    type: 'sql',
    query: 'select id from orders where id > $least',
    parents: { orders: of(1) },
    config: { least: 1 },
    output: { id: 'int64' },
    memory: '2GB',
  }),
  (id, of) => ({
    id,
    type: 'map',
    over: of(1),
    each: 'double',
    bind: 'x',
    shared: { y: of(2), z: 1 },
    onError: 'collect',
  }),
  (id, of) => ({ id, type: 'reduce', of: of(1), combine: 'plus', has_initial: true, initial: 0 }),
  (id, of) => ({ id, type: 'reduce', of: of(1), fold: 'plus', initial: 0 }),
  (id) => ({ id, type: 'pick', from: 'x', path: 'a.b.0' }),
  (id, of) => ({ id, type: 'select', from: of(1), columns: ['id', 'at'] }),
  (id) => ({
    id,
    type: 'knot',
    callable: 'double',
    parents: { x: { from: 'x', path: ['a', 0] } },
    timeout: '5m',
  }),
  (id, of) => ({ id, type: 'waitForSignal', signal: 'go', schema: { type: 'string' }, after: [of(1)] }),
  (id, of) => ({ id, type: 'sleep', duration: '2s', input: of(1) }),
  (id, of) => ({ id, type: 'waitUntil', time: { from: of(1) } }),
];

/** Documents without mistakes, as data. */
export const validDocument: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    kinds: fc.array(fc.nat(NODES.length - 1), { minLength: 1, maxLength: 12 }),
    picks: fc.array(fc.nat(1000), { minLength: 24, maxLength: 24 }),
    extra: fc.constantFrom<Record<string, unknown>>(
      {},
      { description: 'about it', failOn: 'never' },
      { knots: { timeout: '1m', dispatcher: 'local' }, taskQueue: 'q' },
      { knots: { dispatcher: 'python' } },
      { knots: { dispatcher: { threads: { maxWorkers: 2 }, local: true } } },
      { knots: { dispatcher: { python: { name: 'gpu', processes: 1 }, queue: 'gpu' } } },
      { partition: { daily: { start: '2024-01-01' } } },
      { schedules: [{ id: 's', every: '1h', overlap: 'skip', parameters: { x: 1 } }] },
      { triggers: [{ type: 'cron', everySeconds: 60 }] },
      { allow_callable_refs: false, allowed_module_prefixes: null },
    ),
  })
  .map(({ kinds, picks, extra }) => {
    const ids = ['x'];
    const nodes: Node[] = [{ id: 'x', type: 'parameter', type_: 'Any' }];
    kinds.forEach((kind, index) => {
      const id = `n${index}`;
      nodes.push(NODES[kind]!(id, (which) => ids[picks[index * 2 + which - 1]! % ids.length]!));
      ids.push(id);
    });
    return { name: 'made', ...extra, nodes };
  });

/** In block or flow style, with either end of line, as people write documents. */
export const asText = (document: unknown, style: number): string => {
  const text = stringify(document, style % 2 === 0 ? {} : { collectionStyle: 'flow' });
  return style % 3 === 0 ? text.replaceAll('\n', '\r\n') : text;
};

const SNIPPETS = [
  '\u0000',
  '\u001b[31m',
  '\t',
  '{{ x }}',
  '&a ',
  '*a',
  '<<: ',
  '!!str ',
  '!x',
  '- ',
  ': ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  '|\n',
  '>',
  '#',
  '\ufeff',
  '\ud800',
  '1e999',
  '0x',
  '99999999999999999999',
  '__proto__: 1\n',
  'constructor',
  'null',
  '~',
  'nodes',
  'type: ',
  'id: x\n',
  'parents:',
  'from',
  '\r',
  '\u2028',
  '? ',
  '@',
  '`',
  ',',
  'true',
  '-',
  '.',
  ' ',
  '  ',
  '\n',
] as const;

type Blow =
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'copy'; readonly at: number; readonly length: number; readonly to: number };

const blow: fc.Arbitrary<Blow> = fc.oneof(
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(5000),
    text: fc.oneof(fc.constantFrom(...SNIPPETS), fc.string({ maxLength: 4, unit: 'binary' })),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(5000), length: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    kind: fc.constant('copy' as const),
    at: fc.nat(5000),
    length: fc.integer({ min: 1, max: 60 }),
    to: fc.nat(5000),
  }),
);

/** A valid document with a few damages. */
export const damagedText: fc.Arbitrary<string> = fc
  .tuple(validDocument, fc.nat(5), fc.array(blow, { minLength: 1, maxLength: 5 }))
  .map(([document, style, blows]) => blows.reduce(struck, asText(document, style)));

function struck(text: string, given: Blow): string {
  const at = given.at % (text.length + 1);
  switch (given.kind) {
    case 'insert':
      return text.slice(0, at) + given.text + text.slice(at);
    case 'cut':
      return text.slice(0, at) + text.slice(at + given.length);
    case 'copy': {
      const to = given.to % (text.length + 1);
      return text.slice(0, to) + text.slice(at, at + given.length) + text.slice(to);
    }
  }
}

/** A document with one changed value. */
export const changedDocument: fc.Arbitrary<unknown> = fc
  .tuple(
    validDocument,
    fc.nat(10_000),
    fc.oneof(
      fc.constantFrom<unknown>(
        null,
        '',
        'x',
        0,
        -1,
        1.5,
        true,
        [],
        {},
        [1],
        { from: 'x' },
        { from: 'x', path: 'a' },
        { a: 1 },
        'nope',
        'receive_errors',
        '5 parsecs',
        ['a', 'a'],
      ),
      fc.jsonValue({ maxDepth: 2 }),
    ),
    fc.constantFrom('replace', 'remove', 'add'),
  )
  .map(([document, where, value, how]) => {
    const copy = structuredClone(document);
    const places: (readonly [holder: Record<string, unknown>, key: string])[] = [];
    const walk = (holder: unknown): void => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        places.push([holder as Record<string, unknown>, key]);
        walk((holder as Record<string, unknown>)[key]);
      }
    };
    walk(copy);
    const [holder, key] = places[where % places.length]!;
    if (how === 'replace') holder[key] = value;
    else if (Array.isArray(holder)) holder.splice(Number(key), how === 'remove' ? 1 : 0);
    else if (how === 'remove') delete holder[key];
    else holder[`${key}_more`] = value;
    return copy;
  });
