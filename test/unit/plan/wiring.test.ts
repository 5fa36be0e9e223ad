import { z } from 'zod';
import { hashText } from '../../../src/values';
import { nodeSha256 } from '../../../src/backends';
import { changedCode, compile, nestedPlansOf, wiringHash, type Plan } from '../../../src/plan';
import { recordOf, type Tapestry } from '../../../src/authoring';
import { knot, map, subTapestry, tapestry } from '../../../src';

const planOf = <P extends object, V extends object>(made: Tapestry<P, V>): Plan =>
  compile(recordOf(made)).plan;

/** Each nested plan is known by its hash alone, unless the test has more to say of it. */
const wiring = (plan: Plan, wiringOf: (hash: string) => string = (hash) => hash): string =>
  wiringHash(plan, wiringOf, nodeSha256);

interface Variant {
  readonly body?: (inputs: { x: number }) => number;
  readonly each?: (inputs: { element: number }) => number;
  readonly constant?: number;
  readonly version?: string;
  readonly timeout?: number;
  readonly summary?: string;
  readonly queue?: string;
}

function variant({
  constant = 1,
  version,
  timeout = 1_000,
  summary = 'first',
  queue,
  ...bodies
}: Variant = {}): Plan {
  const body = bodies.body ?? (({ x }: { x: number }) => x);
  const each = bodies.each ?? (({ element }: { element: number }) => element);
  const first = knot('first', { ...(version !== undefined && { version }), timeout }, body);
  return planOf(
    tapestry('wired', { ...(queue !== undefined && { taskQueue: queue }) }, (t) => ({
      one: first({ x: constant }, { id: 'one', summary }),
      many: map({ over: t.parameter('list', z.array(z.number()), { default: [1] }), each }, { id: 'many' }),
    })),
  );
}

test.each<[string, Variant]>([
  ['the body of a definition', { body: ({ x }) => x + 1 }],
  ['a body written in place', { each: ({ element }) => element + 1 }],
  ['a summary', { summary: 'another' }],
  ['the task queue', { queue: 'another' }],
])('two plans that differ by %s are wired alike', (_, change) => {
  expect(wiring(variant(change))).toBe(wiring(variant()));
});

test.each<[string, Variant]>([
  ['a constant', { constant: 2 }],
  ['a version', { version: '2' }],
  ['a policy', { timeout: 2_000 }],
])('two plans that differ by %s are not', (_, change) => {
  expect(wiring(variant(change))).not.toBe(wiring(variant()));
});

test('names the bodies whose code has changed: by definition, or by knot where they were written in place', () => {
  expect(changedCode(variant(), variant())).toEqual([]);
  expect(changedCode(variant(), variant({ body: ({ x }) => x + 1 }))).toEqual(['first']);
  expect(changedCode(variant(), variant({ each: ({ element }) => element + 1 }))).toEqual(['many']);
});

test('a nested tapestry counts by its wiring, and not by its code', () => {
  const outer = (inner: Tapestry<object, object>): Plan =>
    planOf(tapestry('outer', () => ({ end: subTapestry({ tapestry: inner, inputs: {} }, { id: 'end' }) })));
  const made = (body: () => number): Tapestry<object, { value: number }> =>
    tapestry('inner', () => ({ value: knot('value', body)({}, { id: 'value' }) }));
  const [before, after] = [outer(made(() => 1)), outer(made(() => 2))];
  expect(nestedPlansOf(before)).not.toEqual(nestedPlansOf(after));
  expect(wiring(before)).not.toBe(wiring(after));
  const alike = (): string => hashText('wiring of inner');
  expect(wiring(before, alike)).toBe(wiring(after, alike));
});
