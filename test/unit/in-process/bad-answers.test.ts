import { z } from 'zod';
import {
  branch,
  firstOk,
  gate,
  knot,
  loop,
  map,
  runLocally,
  tapestry,
  type Knot,
  type Tapestry,
} from '../../../src';

const constant = knot('constant', ({ value }: { value: unknown }) => value);
const given = (value: unknown, id = 'given'): Knot<unknown> => constant({ value }, { id });
const fails = knot('fails', ({ x }: { x: number }): number => {
  throw new TypeError(`no luck with ${x}`);
});
const same = knot('same', ({ x }: { x: number }) => x);
const step = tapestry('step', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: same({ x }, { id: 'same' }),
}));
const around = (place: () => unknown): Tapestry => tapestry('t', () => void place());

const selected = (answer: unknown): Tapestry =>
  around(() =>
    branch({ input: given(1), branches: ['a', 'b'], selector: () => answer as 'a' }, { id: 'culprit' }).path(
      'a',
    ),
  );
const byField = (value: unknown, paths: string[] = ['a']): Tapestry =>
  around(() => {
    const b = branch({ input: given(value) as Knot<{ type: string }>, on: 'type' }, { id: 'culprit' });
    for (const path of paths) b.path(path);
  });
const gated = (answer: unknown): Tapestry =>
  around(() => gate({ input: given(1), predicate: () => answer as boolean }, { id: 'culprit' }));
const looped = (answer: unknown): Tapestry =>
  around(() => loop({ step, initial: { x: 1 }, until: () => answer as boolean, max: 3 }, { id: 'culprit' }));
const mapped = (lists: Record<string, unknown>): Tapestry =>
  around(() => {
    const over = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, given(list, name)]));
    map({ over: over as Record<string, Knot<number[]>>, each: () => 1 }, { id: 'culprit' });
  });
const mappedOver = (list: unknown): Tapestry =>
  around(() => map({ over: given(list) as Knot<number[]>, each: () => 1 }, { id: 'culprit' }));
const alternatives = (count: number): Tapestry =>
  around(() =>
    firstOk(
      {
        of: Array.from({ length: count }, (_, index) => fails({ x: index }, { id: `f${index}` })) as [
          Knot<number>,
        ],
      },
      { id: 'culprit' },
    ),
  );

const TRY_AGAIN = 'Let it choose one of them, or add a path.';
const chose = (what: string, paths = '"a", "b"') =>
  `Branch "culprit" chose ${what}, and has the paths ${paths}. ${TRY_AGAIN}`;
const answered = (who: string, what: string) =>
  `${who} answered ${what}, and must answer true or false. Let it compare, or make a boolean of its answer: Boolean(…).`;
const A_LIST =
  'Wire a knot that yields a list, and give its definition an output schema to have it checked there.';
const noList = (what: string) =>
  `Map "culprit" goes over a list or a plain object, and the value of knot "given", its input "over", is ${what}. ${A_LIST}`;
const UNDEFINED = 'a value of type undefined';

const MISTAKES: Record<string, Record<string, [shape: Tapestry, message: string]>> = {
  UnknownBranch: {
    'a selector: no tag of its own': [selected('c'), chose('"c"')],
    'a selector: a number': [selected(5), chose('5')],
    'a selector: undefined': [selected(undefined), chose(UNDEFINED)],
    'a selector: null': [selected(null), chose('null')],
    'a selector: a promise of no tag of its own': [selected(Promise.resolve('c')), chose('"c"')],
    'a field: no path': [byField({ type: 'c' }), chose('"c"', '"a"')],
    'a field: missing': [byField({}), chose(UNDEFINED, '"a"')],
    'a field: a number': [byField({ type: 7 }), chose('7', '"a"')],
    'a field: of a branch without a path': [
      byField({ type: 'c' }, []),
      'Branch "culprit" chose "c", and has no paths. Add one by its path().',
    ],
  },
  NotABoolean: {
    'a gate: 1': [gated(1), answered('The predicate of gate "culprit"', '1')],
    'a gate: a promise of a text': [
      gated(Promise.resolve('yes')),
      answered('The predicate of gate "culprit"', '"yes"'),
    ],
    'a loop: 0': [looped(0), answered('"until" of loop "culprit"', '0')],
  },
  LoopLimit: {
    'a loop: false for ever': [
      looped(false),
      'Loop "culprit" was not over after 3 iterations, as many as it may have. Raise its "max", or let its "until" answer true sooner.',
    ],
  },
  NotAList: {
    'a map: over a text': [mappedOver('text'), noList('a string')],
    'a map: over a number': [mappedOver(5), noList('a number')],
    'a map: over null': [mappedOver(null), noList('null')],
    'a map: over a boolean': [mappedOver(true), noList('a boolean')],
    'a map: over a Map': [mappedOver(new Map()), noList('of type map')],
    'a map: over bytes': [mappedOver(new Uint8Array(1)), noList('bytes')],
    'a map: a record among several lists': [
      mapped({ a: [1, 2], b: { x: 1, y: 2 } }),
      `Map "culprit" goes over lists, and the value of knot "b", its input "over.b", is an object. ${A_LIST}`,
    ],
  },
  UnequalLists: {
    'a map: lists of different length': [
      mapped({ a: [1, 2], b: [1] }),
      'Map "culprit" goes over several lists at once, which must be of one length: "a" has 2, "b" has 1 elements. ' +
        'Make them equal in the knots that yield them.',
    ],
  },
  NoAlternative: {
    'firstOk: none is': [
      alternatives(2),
      'Knot "culprit" takes the first that is Ok of 2, and none is: "f0", "f1" failed. Look at those, or add an alternative that cannot fail.',
    ],
    'firstOk: none of many is': [
      alternatives(7),
      'Knot "culprit" takes the first that is Ok of 7, and none is: "f0", "f1", "f2", "f3", "f4" and 2 more failed. ' +
        'Look at those, or add an alternative that cannot fail.',
    ],
  },
};

describe.each(Object.entries(MISTAKES))('%s', (code, answers) => {
  test.each(Object.entries(answers))(
    '%s is a failure that names the knot and says what to do',
    async (_, [shape, message]) => {
      const { outcomes, succeeded } = await runLocally(shape, {});
      expect(succeeded).toBe(false);
      expect(outcomes['culprit']).toMatchObject({ kind: 'err', error: { type: code, message } });
    },
  );
});
