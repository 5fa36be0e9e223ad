import { z } from 'zod';
import {
  dask,
  fragment,
  gate,
  knot,
  Knot,
  local,
  optional,
  pythonKnot,
  tapestry,
  threads,
  type Fragment,
} from '../../../src';
import { hashJson, type Json } from '../../../src/values';
import {
  compile,
  decodeLayout,
  encodeLayout,
  extend,
  layoutOf,
  readFragment,
  readPlan,
  resolveDefinitions,
  type CompiledPlan,
} from '../../../src/plan';
import { recordOf } from '../../../src/authoring';
import { thrownBy } from '../../support/thrown-by';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
class Negate extends Knot<{ x: number }, number> {
  static knotName = 'negate';
  process({ x }: { x: number }): number {
    return -x;
  }
}

const base = tapestry('base', { extensible: true, knots: { timeout: 5_000 } }, (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd' });
  const side = double({ x }, { id: 'side' });
  return { answer: d, side };
});
const plan = compile(recordOf(base)).plan;

const more = fragment((f) => {
  const d2 = double({ x: f.ref<number>('d') }, { id: 'd2' });
  const n = Negate.place({ x: d2 }, { id: 'n', timeout: 100, summary: 'the other way round' });
  return { sum: add({ a: n, b: 5 }, { id: 'sum' }) };
});

test('a fragment is plain data that names definitions', () => {
  expect(JSON.parse(JSON.stringify(more))).toEqual(more);
  expect(more.knots[1]).toEqual({
    id: 'n',
    definition: { name: 'negate', codeHash: expect.stringMatching(/^sha256:/) },
    inputs: { x: { knot: 'd2' } },
    options: { timeout: 100, summary: 'the other way round' },
  });
  expect(more.terminals).toEqual({ sum: 'sum' });
  expect(readFragment(JSON.parse(JSON.stringify(more)))).toEqual(more);
});

test('what was there keeps its place and its hash, newcomers come behind and inherit from the tapestry', () => {
  const whole = extended(more);
  const { plan: larger, text, hash } = whole;
  expect(larger.knots.slice(0, 3)).toEqual(plan.knots);
  expect(larger.definitions.slice(0, plan.definitions.length)).toEqual(plan.definitions);
  expect(larger.knots.slice(3).map(({ id, policy }) => [id, policy.timeout])).toEqual([
    ['d2', 5_000],
    ['n', 100],
    ['sum', 5_000],
  ]);
  expect(larger.terminals).toEqual([...plan.terminals, ['sum', 5]]);
  expect(larger.extended).toEqual({ knots: 3, terminals: 2, fragments: [hashOf(more)] });
  expect(readPlan(text)).toEqual(larger);
  expect(extended(more).hash).toBe(hash);
});

test('a newcomer has the config hash that it would have in a tapestry', () => {
  const whole = tapestry('whole', { extensible: true, knots: { timeout: 5_000 } }, (t) => {
    const x = t.parameter('x', z.number());
    const d2 = double({ x: double({ x }, { id: 'd' }) }, { id: 'd2' });
    add({ a: Negate.place({ x: d2 }, { id: 'n', timeout: 100 }), b: 5 }, { id: 'sum' });
  });
  const expected = compile(recordOf(whole)).plan.knots;
  const configHash = (knots: readonly { id: string; configHash: string }[], id: string): string =>
    knots.find((present) => present.id === id)!.configHash;
  for (const id of ['d2', 'n', 'sum'])
    expect(configHash(extended(more).plan.knots, id)).toBe(configHash(expected, id));
});

test('a plan that has a fragment already is the same plan', () => {
  const once = extended(more);
  expect(extend(once.plan, more, { hash: hashOf(more) }).hash).toBe(once.hash);
});

test('extensions build on one another, and two of one plan know nothing of each other', () => {
  const first = extended(more);
  const onFirst = fragment((f) => void double({ x: f.ref('sum') }, { id: 'd3' }));
  const second = extend(first.plan, onFirst, { hash: hashOf(onFirst) }).plan;
  expect(second.extended!.fragments).toEqual([hashOf(more), hashOf(onFirst)]);
  expect(second.extended!.knots).toBe(3);
  expect(thrownBy(() => extended(onFirst)).code).toBe('UnknownKnot');
});

test('the layout of an extended plan begins with that of the plan before, and only the rest is sent', () => {
  for (const terminals of [undefined, ['answer']]) {
    const before = layoutOf(plan, terminals);
    const larger = layoutOf(extended(more, terminals).plan, terminals);
    expect(larger.ids.slice(0, before.size)).toEqual(before.ids);
    expect(larger.ids.slice(before.size)).toEqual(['d2', 'n', 'sum']);
    const slices = encodeLayout(larger, before);
    expect(decodeLayout(slices, before)).toEqual(larger);
    expect(slices.join().length).toBeLessThan(encodeLayout(larger).join().length);
    expect(slices.join()).not.toContain('"d"');
  }
});

test('local knots of an extensible tapestry go by themselves', () => {
  const quick = tapestry('quick', { extensible: true, knots: { dispatcher: local() } }, () => {
    double({ x: 1 }, { id: 'd' });
  });
  const { policies } = layoutOf(compile(recordOf(quick)).plan);
  expect(policies.every((policy) => policy.local === undefined)).toBe(true);
});

test('knots of definitions that a run can do without are so in a fragment, too', () => {
  const maybe = optional(double);
  const [placed] = fragment(() => void maybe({ x: 1 }, { id: 'm' })).knots;
  expect(placed).toMatchObject({ id: 'm', optional: true });
  const { knots } = extended(fragment(() => void maybe({ x: 1 }, { id: 'm' }))).plan;
  expect(knots.at(-1)!.policy.optional).toBe(true);
});

test('a definition with a version is known by that, whatever a build has made of its source', () => {
  const versioned = { ...bare, definition: { name: 'double', version: '2', codeHash: 'sha256:built' } };
  const [resolved] = resolveDefinitions({ format: 1, knots: [versioned] }, () => ({
    codeHash: 'sha256:other build',
    receives: 'values',
  })).knots;
  expect(resolved!.definition).toEqual({ name: 'double', version: '2', codeHash: 'sha256:other build' });
});

test.each([
  ['that of its definition', undefined, 'python'],
  ['another that has its body', 'dask', 'dask'],
  ['that of its definition, where the tapestry names threads', 'threads', 'python'],
])('what calls a newcomer of another language is %s', (_what, kind, expected) => {
  const { fragment: given, host } = ofAnotherLanguage(kind);
  expect(host(given)).toBe(expected);
});

test('a newcomer in TypeScript is called by the threads that the tapestry names', () => {
  const threaded = tapestry(
    'threaded',
    { extensible: true, knots: { dispatcher: threads({ name: 'busy' }) } },
    () => void double({ x: 1 }, { id: 'd' }),
  );
  const { plan } = compile(recordOf(threaded));
  const newcomer = extend(plan, more, { hash: hashOf(more) }).plan.knots.find(({ id }) => id === 'd2');
  expect(newcomer!.policy.host).toBe('busy');
});

/** A fragment with a knot of Python, and what calls it in runs of a tapestry that names a host of this kind for its knots. */
function ofAnotherLanguage(kind: string | undefined) {
  const score = pythonKnot<object, number>('shop:score');
  const dispatcher = kind === 'dask' ? dask() : threads();
  const options = { extensible: { definitions: [score] }, ...(kind && { knots: { dispatcher } }) };
  const { plan } = compile(recordOf(tapestry('hosted', options, () => void score({}, { id: 'first' }))));
  const given = fragment(() => void score({}, { id: 'scored' }));
  return {
    fragment: given,
    host(some: Fragment) {
      const resolved = resolveDefinitions(some, () => ({
        codeHash: plan.definitions[0]!.codeHash,
        receives: 'values',
        host: 'python',
      }));
      const { knots } = extend(plan, resolved, { hash: hashOf(some) }).plan;
      return knots.find(({ id }) => id === 'scored')!.policy.host;
    },
  };
}

describe('is refused, and says why:', () => {
  const cases: Record<string, [() => unknown, string, RegExp]> = {
    'a tapestry that takes no more knots': [
      () => {
        const closed = tapestry('closed', () => void double({ x: 1 }, { id: 'd' }));
        extend(compile(recordOf(closed)).plan, more, { hash: hashOf(more) });
      },
      'NotExtensible',
      /"closed".*`extensible: true`/,
    ],
    'an id that the run has': [
      () => extended(fragment(() => void double({ x: 1 }, { id: 'side' }))),
      'DuplicateId',
      /"side".*the run of tapestry "base" has that id already/,
    ],
    'an id twice': [
      () => extended({ ...more, knots: [...more.knots, more.knots[0]!] }),
      'DuplicateId',
      /"d2".*two of that id/,
    ],
    'an id that is placed and referred to': [
      () =>
        fragment((f) => {
          double({ x: f.ref('e') }, { id: 'c' });
          double({ x: 1 }, { id: 'e' });
        }),
      'DuplicateId',
      /"e"/,
    ],
    'a parent that nobody has': [
      () => extended(fragment((f) => void double({ x: f.ref('gone') }, { id: 'e' }))),
      'UnknownKnot',
      /Input "x" of knot "e".*"gone".*Correct the id/,
    ],
    'a parent that the run leaves out': [
      () =>
        extended(
          fragment((f) => void double({ x: f.ref('side') }, { id: 'e' })),
          ['answer'],
        ),
      'UnknownKnot',
      /"side", which the run leaves out/,
    ],
    'a circle': [
      () =>
        extended({
          format: 1,
          knots: [
            { id: 'p', definition: { name: 'double' }, inputs: { x: { knot: 'q' } } },
            { id: 'q', definition: { name: 'double' }, inputs: { x: { knot: 'p' } } },
          ],
        }),
      'Cycle',
      /circle: (p <- q <- p|q <- p <- q)/,
    ],
    'a definition that is not registered': [
      () => resolveDefinitions(more, (name) => (name === 'negate' ? undefined : registered(name))),
      'UnknownDefinition',
      /"n" of the fragment is of definition "negate".*extensible: \{ definitions/,
    ],
    'other code than the worker has': [
      () => resolveDefinitions(more, () => ({ codeHash: 'sha256:other', receives: 'values' })),
      'CodeDiffers',
      /"d2".*"double".*sha256:other/,
    ],
    'outcomes for a body that takes values': [
      () =>
        resolveDefinitions(
          { format: 1, knots: [{ ...bare, options: { errorPolicy: 'receiveErrors' } }] },
          () => ({ codeHash: 'sha256:x', receives: 'values' }),
        ),
      'InvalidConfig',
      /"e" of the fragment is to receive outcomes/,
    ],
    'a terminal name that is taken': [
      () => extended({ ...more, terminals: { answer: 'sum' } }),
      'DuplicateTerminal',
      /"answer".*a terminal of that name/,
    ],
    'a terminal name that is the id of another knot': [
      () => extended({ ...more, terminals: { d: 'sum' } }),
      'DuplicateTerminal',
      /"d".*a knot of that id/,
    ],
    'a terminal that nobody has': [
      () => extended({ ...more, terminals: { last: 'gone' } }),
      'UnknownTerminal',
      /"last".*"gone"/,
    ],
    'a node': [
      () => fragment((f) => void gate({ input: f.ref<number>('d'), predicate: () => true }, { id: 'g' })),
      'InvalidFragment',
      /"g" of the fragment is a node.*`knot\(\)`/,
    ],
    'an asynchronous build function': [
      () => fragment((async () => undefined) as unknown as () => void),
      'AsyncBuild',
      /asynchronous/,
    ],
    'a constant that cannot be encoded': [
      () => fragment(() => void double({ x: (() => 1) as unknown as number }, { id: 'e' })),
      'NotEncodable',
      /Input "x" of knot "e"/,
    ],
    'what is no fragment': [() => readFragment([]), 'InvalidFragment', /no object/],
    'another format': [() => readFragment({ ...more, format: 2 }), 'InvalidFragment', /format 2/],
    'knots that are no list': [() => readFragment({ format: 1, knots: {} }), 'InvalidFragment', /"knots"/],
    'a knot without definition': [
      () => readFragment({ format: 1, knots: [{ id: 'e', inputs: {} }] }),
      'InvalidFragment',
      /"e".*"definition"/,
    ],
    'an input that is neither knot nor constant': [
      () => readFragment({ format: 1, knots: [{ ...bare, inputs: { x: 5 } }] }),
      'InvalidFragment',
      /input "x" of its knot "e"/,
    ],
    'an option that is none': [
      () => readFragment({ format: 1, knots: [{ ...bare, options: { retries: 3 } }] }),
      'InvalidConfig',
      /"retries" of the knot "e"/,
    ],
    'the id of a parameter': [
      () => readFragment({ format: 1, knots: [{ ...bare, id: 'param:y' }] }),
      'InvalidName',
      /param:/,
    ],
    'a terminal that is no id': [
      () => readFragment({ ...more, terminals: { last: 5 } }),
      'InvalidFragment',
      /"last"/,
    ],
  };
  test.each(Object.entries(cases))('%s', (_, [act, code, message]) => {
    const error = thrownBy(act);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

const bare = { id: 'e', definition: { name: 'double' }, inputs: { x: { constant: 1 } } };
function registered(name: string): { codeHash: string; receives: 'values' } {
  const codeHash = more.knots.find(({ definition }) => definition.name === name)!.definition.codeHash!;
  return { codeHash, receives: 'values' };
}

function hashOf(given: Fragment): string {
  return hashJson(given as unknown as Json);
}

function extended(given: Fragment, terminals?: readonly string[]): CompiledPlan {
  return extend(plan, given, { hash: hashOf(given), ...(terminals && { terminals }) });
}
